//! The engine of one `it`: everything real but the outside.

use super::{
    super::{
        Loaded,
        assemble::{Live, World, assemble_in},
        commands::CommandsHere,
        models, primitives,
    },
    channel::Mail,
    doors::{Model, Person, Recorded},
    outside::io,
    web::{NoDesktop, RecordedWeb},
};
use crate::{
    domain::{
        BoxFuture,
        arguments::fitted,
        call::ToolCall,
        envelope::{Envelope, Origin},
        event::{Observer, TurnEvent},
        hook::TurnContext,
        id::SessionId,
        plan::ProviderKind,
        post::{Arrival, Receipt},
        primitives::{FailureKind, Heard, JobEnd, Judgement, Left, PrimitiveError, Said, Stage},
        rules::Access,
        store::StoreError,
    },
    gateway::{Delivery, Gateway, Questions, Router},
    memory::Memory,
    policy::{Executor, Verdict, title},
    script::Doors,
};
use arc_swap::ArcSwap;
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// An engine.
pub(super) struct Engine {
    pub(super) live: Arc<Live>,
    pub(super) gateway: Gateway,
    pub(super) router: Arc<Router>,
    pub(super) mail: Mail,
    /// What the router finds commands by.
    _current: Arc<ArcSwap<Live>>,
    person: Arc<Person>,
    /// Where turns run: the script's thread has no IO.
    runtime: Handle,
}

impl Engine {
    /// Builds one on a configuration that was loaded for specs. `state` is where it may write.
    pub(super) async fn build(
        loaded: &Loaded,
        doors: &Doors,
        memory: Memory,
        state: PathBuf,
    ) -> anyhow::Result<Arc<Self>> {
        let mail = Mail::default();
        let loaded = loaded.on(memory, state, mail.terminal());
        let script = loaded.script.clone();
        let person = Arc::new(Person {
            script: script.clone(),
            door: doors.approve,
            probing: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
        });
        let lua = loaded.plan.providers.values().filter(|p| matches!(p.kind, ProviderKind::Lua { .. }));
        let lua = lua.map(|provider| provider.name.clone()).collect();
        let model = Model::new(script.clone(), doors, models::offline(&loaded)?.router, lua)
            .ok_or_else(|| anyhow::anyhow!("the model of a spec is a function"))?;
        let (tool_script, door) = (script.clone(), doors.tool);
        let world = World {
            approver: person.clone(),
            llm: Some(Arc::new(model)),
            tools: Some(Arc::new(move |tool, scripted| {
                Arc::new(Recorded { script: tool_script.clone(), door, tool, scripted })
            })),
        };
        let live = Arc::new(assemble_in(loaded, world).await?);
        let gateway = Gateway::new(live.setup.clone());
        let mut primitives = primitives::primitives(&live, gateway.downgrade())?;
        let context = primitives::context(&live);
        primitives.web = Arc::new(RecordedWeb { script: script.clone(), door: doors.tool, context });
        primitives.desktop = Arc::new(NoDesktop);
        script.equip(primitives, primitives::context(&live)).await?;
        let current = Arc::new(ArcSwap::new(live.clone()));
        let outgoing = live.loaded.outgoing()?;
        let questions = Arc::new(Questions::new(outgoing.clone(), Arc::new(live.loaded.memory()?.clone())));
        let commands = Arc::new(CommandsHere(Arc::downgrade(&current)));
        let router = Router::new(gateway.clone(), outgoing, questions, commands, Arc::default());
        let runtime = Handle::current();
        Ok(Arc::new(Self { live, gateway, router, mail, _current: current, person, runtime }))
    }

    async fn session(&self, said: &Said, agent: &str) -> Result<SessionId, StoreError> {
        let sessions = &self.live.setup.sessions;
        match &said.session {
            None => sessions.begin(&said.origin.channel, agent).await,
            Some(wanted) => sessions.called(wanted, &said.origin.channel, agent).await,
        }
    }
}

/// Keeps what happens.
#[derive(Default)]
struct Events(Mutex<Vec<TurnEvent>>);

impl Observer for Events {
    fn observe(&self, event: &TurnEvent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

impl Stage for Engine {
    fn turn(&self, said: Said) -> BoxFuture<'_, Result<Heard, PrimitiveError>> {
        Box::pin(async move {
            let agent = said.agent.clone().unwrap_or_else(|| self.live.loaded.settings.agent.clone());
            let session = self.session(&said, &agent).await.map_err(io)?;
            let events = Arc::new(Events::default());
            let cancel = CancellationToken::new();
            // The spec may be stopped at its deadline.
            let _stop = cancel.clone().drop_guard();
            let delivery = Delivery {
                envelope: Envelope { origin: said.origin, agent, text: said.text },
                session: session.clone(),
                model: None,
                depth: 0,
                observer: events.clone(),
                cancel: cancel.clone(),
            };
            let gateway = self.gateway.clone();
            let turn = self.runtime.spawn(async move { gateway.submit(delivery).await });
            let outcome = turn.await.map_err(io)?;
            // What observers do is part of what the spec looks at.
            self.settle().await?;
            let events = std::mem::take(&mut *events.0.lock().unwrap_or_else(PoisonError::into_inner));
            Ok(Heard { session, outcome, events })
        })
    }

    fn context(&self, origin: Origin, agent: Option<String>) -> TurnContext {
        let context = primitives::context(&self.live);
        TurnContext { origin, agent: agent.unwrap_or_else(|| context.agent.clone()), ..context }
    }

    fn command<'a>(
        &'a self,
        name: &'a str,
        typed: &'a str,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Result<Result<String, String>, PrimitiveError>> {
        Box::pin(self.run_command(name, typed, context))
    }

    fn receive(&self, arrival: Arrival) -> BoxFuture<'_, Result<Receipt, PrimitiveError>> {
        Box::pin(self.take(arrival))
    }

    fn job<'a>(&'a self, name: &'a str, at_ms: i64) -> BoxFuture<'a, Result<JobEnd, PrimitiveError>> {
        Box::pin(self.run_job(name, at_ms))
    }

    fn next_run(&self, name: &str, after_ms: i64) -> Result<Option<i64>, PrimitiveError> {
        self.due(name, after_ms)
    }

    fn sent(&self) -> BoxFuture<'_, Result<Vec<Left>, PrimitiveError>> {
        Box::pin(self.posted())
    }

    fn judge<'a>(
        &'a self,
        call: ToolCall,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Result<Judgement, PrimitiveError>> {
        Box::pin(async move {
            let setup = &self.live.setup;
            let entry = setup.roster.get(&context.agent);
            let entry = entry.map_err(|message| PrimitiveError::new(FailureKind::NotFound, message))?;
            let policy = setup.policy(entry, &context.origin);
            let spec = self.live.registry.specs().iter().find(|spec| spec.name == call.name);
            // The rules say one thing, the hooks perhaps another.
            let shaped = spec.map(|spec| {
                let args = fitted(&spec.parameters, call.args.clone());
                (ToolCall { args, ..call.clone() }, spec)
            });
            let rule = shaped.and_then(|(call, spec)| policy.decide(&call, spec).rule.cloned());
            self.person.wanted.store(false, Ordering::Relaxed);
            self.person.probing.store(true, Ordering::Relaxed);
            let verdict = setup.gate.authorize(call, spec, &policy, context).await;
            self.person.probing.store(false, Ordering::Relaxed);
            let asks = self.person.wanted.load(Ordering::Relaxed);
            let (access, because) = match verdict {
                Verdict::Authorized { because, .. } | Verdict::Answered { because, .. } => {
                    (Access::Allow, because)
                }
                Verdict::Denied { reason, .. } => (if asks { Access::Ask } else { Access::Deny }, reason),
            };
            let location = rule.as_ref().map(|rule| rule.location.clone());
            Ok(Judgement { access, rule: rule.map(|rule| title(&rule.matches)), location, because })
        })
    }
}
