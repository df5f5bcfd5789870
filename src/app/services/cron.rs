//! The jobs that `init.lua` declares.

use super::Service;
use crate::{
    app::{
        Loaded,
        assemble::Live,
        facts,
        primitives::{self},
    },
    config::{ConfigName, FormerName},
    cron::{Ended, Here, Run, Scheduler, SystemClock, Undelivered, Work, WorkEnd, zone_now},
    domain::{
        BoxFuture,
        causes::causes,
        cron::{CHANNEL, runs_of},
        envelope::Origin,
        hook::TurnContext,
        id::TurnId,
        plan::CronWork,
        primitives::{Ask, FailureKind, Primitives},
        store::StoreError,
    },
    gateway::WeakGateway,
    memory::{FormerConfig, Memory},
    script::{ErrorKind, run_job},
};
use serde_json::json;
use std::{sync::Arc, time::Instant};
use tokio::sync::OnceCell;

/// Runs the jobs of the generation in force.
pub(in crate::app) struct CronService {
    scheduler: Scheduler,
    gateway: WeakGateway,
    memory: Memory,
    /// Jobs of older versions have their new name.
    renamed: OnceCell<()>,
}

impl CronService {
    pub(in crate::app) fn new(loaded: &Loaded, memory: Memory, gateway: WeakGateway) -> Self {
        let (store, clock) = (Arc::new(memory.clone()), Arc::new(SystemClock::default()));
        let tasks = loaded.process().health.tasks.clone();
        let scheduler = Scheduler::new(store, clock, config_name(loaded).name, tasks);
        Self { scheduler, gateway, memory, renamed: OnceCell::new() }
    }

    /// Gives jobs and runs of an older version, or of another home, to the configuration that has them now.
    async fn rename(&self, loaded: &Loaded) {
        let ConfigName { name, former: Some(former) } = config_name(loaded) else { return };
        match self.memory.rename_config(&name, former_config(former)).await {
            Ok(Some(found)) => tracing::info!(target: "cron", "the history of the jobs of {found} goes on"),
            Ok(None) => {}
            Err(error) => tracing::warn!(target: "cron", "former runs of the jobs are not found: {error}"),
        }
    }
}

impl Service for CronService {
    fn apply<'a>(&'a self, live: &'a Arc<Live>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if !live.loaded.plan.cron.is_empty() {
                self.renamed.get_or_init(|| self.rename(&live.loaded)).await;
            }
            let jobs = live.loaded.plan.cron.values().cloned().map(Arc::new).collect();
            match Jobs::new(live, self.gateway.clone()) {
                Ok(work) => {
                    let variable = live.loaded.environment.get("TZ").map(ToOwned::to_owned);
                    let zones = Arc::new(move || zone_now(variable.as_deref()).zone);
                    self.scheduler.apply(jobs, zones, Arc::new(work)).await;
                }
                Err(error) => {
                    tracing::error!(target: "cron", "the jobs cannot run: {}", causes(error.as_ref()))
                }
            }
        })
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.scheduler.stop())
    }
}

/// What the jobs of a configuration belong to in the memory: a name that stays when the home moves.
fn config_name(loaded: &Loaded) -> ConfigName {
    loaded.located.config_name(&loaded.dirs)
}

/// The name that they are stored under, which may be one of an older version. Only looks.
pub(in crate::app) async fn stored_config(loaded: &Loaded, memory: &Memory) -> Result<String, StoreError> {
    let ConfigName { name, former } = config_name(loaded);
    match former {
        Some(former) => memory.stored_config(&name, former_config(former)).await,
        None => Ok(name),
    }
}

fn former_config(former: FormerName) -> FormerConfig {
    FormerConfig { path: former.path, end: former.end }
}

/// The zone of jobs that name none.
pub(in crate::app) fn zone_here(loaded: &Loaded) -> Here {
    zone_now(loaded.environment.get("TZ"))
}

/// The work of one generation's jobs, which lives as long as one of its runs.
pub(in crate::app) struct Jobs {
    live: Arc<Live>,
    primitives: Primitives,
}

impl Jobs {
    pub(in crate::app) fn new(live: &Arc<Live>, gateway: WeakGateway) -> anyhow::Result<Self> {
        Ok(Self { live: live.clone(), primitives: primitives::primitives(live, gateway)? })
    }

    /// Where and for whom a run acts: for the person who runs the program.
    fn context(&self, run: &Run) -> TurnContext {
        let loaded = &self.live.loaded;
        TurnContext {
            session: runs_of(&run.job.name),
            turn: TurnId::from(format!("cron:{}", run.id)),
            agent: loaded.settings.agent.clone(),
            origin: Origin { channel: CHANNEL.into(), user: facts::user(&loaded.environment) },
            depth: 0,
        }
    }

    async fn call(&self, run: &Run, handler: crate::domain::id::HandlerId, context: &TurnContext) -> WorkEnd {
        let payload = json!({
            "job": run.job.name,
            "scheduled": seconds(run.scheduled_ms),
            "started": seconds(run.started_ms),
            "missed": run.missed,
            "attempt": run.attempt,
            "manual": run.manual,
        });
        let (began, limit) = (Instant::now(), run.job.timeout);
        match run_job(&self.live.loaded.script, handler, payload, context, limit).await {
            Ok(text) => WorkEnd::Done(text),
            // Its own limit, and not that of something it did.
            Err(error) if error.kind == ErrorKind::Timeout && began.elapsed() >= limit => {
                WorkEnd::TimedOut(error.to_string())
            }
            Err(error) => WorkEnd::Failed(error.to_string()),
        }
    }

    async fn ask(&self, run: &Run, agent: Option<String>, text: String, context: TurnContext) -> WorkEnd {
        let TurnContext { origin, depth, .. } = context;
        let job = Some(run.job.name.clone());
        let ask = Ask { agent, text, model: None, session: None, job, origin, depth };
        match tokio::time::timeout(run.job.timeout, self.primitives.agents.ask(ask)).await {
            Ok(Ok(answer)) => WorkEnd::Done(Some(answer.text)),
            Ok(Err(error)) => WorkEnd::Failed(error.message),
            Err(_) => WorkEnd::TimedOut(format!("stopped after {} s", run.job.timeout.as_secs_f64())),
        }
    }
}

impl Work for Jobs {
    fn perform<'a>(&'a self, run: &'a Run) -> BoxFuture<'a, WorkEnd> {
        Box::pin(async move {
            let (context, hooks) = (self.context(run), &*self.live.setup.hooks);
            if let Some(why) = hooks.refuses_run(&run.job.name, seconds(run.scheduled_ms), &context).await {
                return WorkEnd::Refused(why);
            }
            match run.job.work.clone() {
                CronWork::Handler(handler) => self.call(run, handler, &context).await,
                CronWork::Prompt { agent, text } => self.ask(run, agent, text, context).await,
            }
        })
    }

    fn deliver<'a>(&'a self, to: &'a str, text: &'a str) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            self.primitives.outbox.send(to, text.into()).await.map_err(|error| Undelivered {
                again: !matches!(error.kind, FailureKind::Usage | FailureKind::Denied),
                message: error.message,
            })
        })
    }

    fn ended(&self, ended: Ended<'_>) {
        let Ended { run, state, error, duration_ms } = ended;
        self.live.setup.hooks.tell(&self.context(run), "cron.done", || {
            json!({
                "job": run.job.name,
                "scheduled": seconds(run.scheduled_ms),
                "outcome": state.as_str(),
                "duration_ms": duration_ms,
                "error": error,
            })
        });
    }
}

/// Seconds, as Lua counts time: whole ones where they are.
fn seconds(ms: i64) -> serde_json::Value {
    if ms % 1_000 == 0 { json!(ms / 1_000) } else { json!(ms as f64 / 1_000.0) }
}
