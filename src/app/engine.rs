//! The whole engine, ready to answer.

use super::{
    ConfigError, Flags,
    assemble::Live,
    begin::{Begun, Database},
    commands::CommandsHere,
    facts, primitives,
    process::Told,
    reload::{self, Reloading},
    sandboxes,
    services::{Channels, Health, Holding, Pruning, Service, Services, Webhooks, cron::CronService},
    table,
};
use crate::{
    config::Redactor,
    domain::{
        approval::Approver,
        envelope::Origin,
        hook::TurnContext,
        id::TurnId,
        store::{Session, StoreError},
    },
    front::Colour,
    gateway::{Gateway, Limits, Outgoing, Questions, Router},
    health::{Health as ProgramHealth, Tasks},
    memory::{Memory, NewSession},
    policy::Executor,
    script::{ScriptHandle, Sink},
};
use anyhow::bail;
use arc_swap::ArcSwap;
use serde_json::json;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tokio::sync::OnceCell;

/// The engine. Clones share one.
#[derive(Clone)]
pub struct App {
    /// The generation of the configuration in force.
    pub(super) live: Arc<ArcSwap<Live>>,
    pub(super) gateway: Gateway,
    pub(super) approver: Arc<dyn Approver>,
    questions: Arc<Questions>,
    pub(super) health: Health,
    /// How often people and devices may speak.
    pub(super) limits: Arc<Limits>,
    memory: Memory,
    pub(super) services: Arc<OnceCell<Services>>,
    pub(super) reloading: Arc<Reloading>,
}

impl App {
    /// Loads the configuration and builds everything on it. `approver` is asked where the policy asks.
    pub async fn start(flags: Flags, approver: Arc<dyn Approver>) -> anyhow::Result<Self> {
        Self::start_telling(flags, approver, None).await
    }

    /// The same; `notice` is told what a person should know.
    pub async fn start_telling(
        flags: Flags,
        approver: Arc<dyn Approver>,
        notice: Option<Sink>,
    ) -> anyhow::Result<Self> {
        Self::begin(Begun::with(flags, approver, notice).await?).await
    }

    /// The same for a program that stays, which a broken configuration does not keep from starting
    /// where another has worked before.
    pub async fn start_staying(
        flags: Flags,
        approver: Arc<dyn Approver>,
        told: Told,
    ) -> anyhow::Result<Self> {
        Self::kept(Begun::staying(flags, approver, told, Database::AsItIs).await?).await
    }

    /// The same for the daemon, which begins on no database that is damaged.
    pub async fn start_daemon(flags: Flags, approver: Arc<dyn Approver>, told: Told) -> anyhow::Result<Self> {
        Self::kept(Begun::staying(flags, approver, told, Database::Checked).await?).await
    }

    async fn kept(begun: Begun) -> anyhow::Result<Self> {
        let app = Self::begin(begun).await?;
        reload::keep(&app.live.load_full().loaded).await;
        Ok(app)
    }

    async fn begin(begun: Begun) -> anyhow::Result<Self> {
        let Begun { live, questions, approver, fault } = begun;
        let memory = live.loaded.memory()?.clone();
        for (session, turn) in memory.recover().await? {
            tracing::info!(%session, %turn, "closed a turn that an earlier run left open");
        }
        let gateway = Gateway::new(live.setup.clone());
        primitives::equip(&live, gateway.downgrade()).await?;
        let reloading = Reloading::new(live.loaded.inputs.clone(), fault);
        Ok(Self {
            reloading,
            live: Arc::new(ArcSwap::from_pointee(live)),
            gateway,
            approver,
            questions,
            memory,
            services: Arc::default(),
            health: Health::default(),
            limits: Arc::default(),
        })
    }

    /// Starts what runs beside the answering of messages. For programs that stay.
    pub async fn serve(&self) {
        self.serve_by(vec![]).await;
    }

    /// Starts nothing: another program does that. What belongs to every program that stays is done.
    pub fn stay(&self) {
        self.live.load().loaded.refresh_types();
    }

    /// The same, and lets others in by these doors.
    pub(super) async fn serve_by(&self, doors: Vec<Box<dyn Service>>) {
        self.live.load().loaded.refresh_types();
        sandboxes::sweep(&self.live.load().loaded);
        let all = || async { Services { inner: self.make_services(), doors } };
        let services = self.services.get_or_init(all).await;
        self.tell_failures();
        services.apply(&self.live.load_full(), &self.tasks()).await;
    }

    /// The background tasks of the program, and what was dropped.
    pub(super) fn program_health(&self) -> ProgramHealth {
        self.live.load().loaded.process().health.clone()
    }

    /// The background tasks of the program.
    pub fn tasks(&self) -> Tasks {
        self.program_health().tasks
    }

    /// Tells the observers of tasks that fail.
    fn tell_failures(&self) {
        let live = Arc::downgrade(&self.live);
        self.tasks().listen(move |failure| {
            let Some(live) = live.upgrade() else { return };
            live.load().setup.hooks.emit("task.failed", json!(failure));
        });
    }

    fn make_services(&self) -> Vec<Box<dyn Service>> {
        let mut services: Vec<Box<dyn Service>> = vec![];
        // Where there is no memory, nothing was started.
        if let Ok(outgoing) = self.live.load().loaded.outgoing() {
            let channels = self.channels(outgoing);
            let webhooks = Webhooks::new(&channels);
            services.extend([Box::new(channels) as Box<dyn Service>, Box::new(webhooks)]);
        }
        let (memory, gateway) = (self.memory.clone(), self.gateway.downgrade());
        services.push(Box::new(Pruning::new(self.memory.clone(), self.tasks())));
        services.push(Box::new(CronService::new(&self.live.load().loaded, memory, gateway)));
        services
    }

    fn channels(&self, outgoing: Arc<Outgoing>) -> Channels {
        let (gateway, questions) = (self.gateway.clone(), self.questions.clone());
        let commands = Arc::new(CommandsHere(Arc::downgrade(&self.live)));
        let limits = Arc::clone(&self.limits);
        let router = Router::new(gateway.clone(), outgoing.clone(), questions.clone(), commands, limits);
        let health = self.health.clone();
        Channels {
            router,
            gateway,
            outgoing,
            questions,
            running: Mutex::default(),
            health,
            holding: Holding::default(),
        }
    }

    /// The door to the agents.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The memory.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The live Lua engine.
    pub fn script(&self) -> ScriptHandle {
        self.live.load().loaded.script.clone()
    }

    /// Says of a line whether it holds no secret that is known.
    pub fn secret_free(&self) -> Box<dyn Fn(&str) -> bool + Send> {
        let redactor: Redactor = self.live.load().loaded.secrets.redactor().clone();
        Box::new(move |line| redactor.redact(line) == line)
    }

    /// Where the line editor's history is kept.
    pub fn history_file(&self) -> PathBuf {
        self.live.load().loaded.settings.history.clone()
    }

    /// The person at this terminal.
    pub fn origin(&self, channel: &str) -> Origin {
        Origin { channel: channel.to_owned(), user: facts::user(&self.live.load().loaded.environment) }
    }

    /// The agent that answers in a session: the one asked for by flag or setting, else the session's.
    pub fn agent_of(&self, session: &Session) -> String {
        let live = self.live.load();
        let setting = &live.loaded.settings.agent;
        if live.loaded.chosen("agent") || live.setup.roster.get(&session.agent).is_err() {
            setting.clone()
        } else {
            session.agent.clone()
        }
    }

    /// The model that answers in a session unless another is chosen.
    pub fn model_of(&self, session: &Session) -> String {
        let live = self.live.load();
        let entry = live.setup.roster.get(&self.agent_of(session));
        entry.map_or_else(|_| live.models.default.clone(), |entry| entry.model.clone())
    }

    /// What a model's name means here: the provider and the model that would be asked.
    ///
    /// # Errors
    /// There is no such provider.
    pub fn resolved(&self, model: &str) -> Result<String, ConfigError> {
        let live = self.live.load();
        let router = &live.models.router;
        match router.refuses(model) {
            Some(why) => Err(ConfigError::new(why)),
            None => Ok(router.chain(model).into_iter().next().unwrap_or_else(|| model.to_owned())),
        }
    }

    /// Begins a conversation.
    pub async fn new_session(&self, channel: &str, name: Option<&str>) -> anyhow::Result<Session> {
        if let Some(name) = name {
            check_name(name)?;
        }
        let live = self.live.load_full();
        let new = NewSession {
            name: name.map(str::to_owned),
            channel: channel.to_owned(),
            agent: live.loaded.settings.agent.clone(),
            workspace: live.loaded.workspace().display().to_string(),
        };
        Ok(self.memory.create_session(new).await?)
    }

    /// Tells the observers that whoever spoke in `old` goes on in `fresh`.
    pub fn tell_reset(&self, old: &Session, fresh: &Session) {
        let context = TurnContext {
            session: old.id.clone(),
            turn: TurnId::from(""),
            agent: self.agent_of(old),
            origin: self.origin(&fresh.channel),
            depth: 0,
        };
        let payload = || json!({ "next": fresh.id, "name": fresh.name });
        self.live.load().setup.hooks.tell(&context, "session.reset", payload);
    }

    /// The conversation of that name or id; one that isn't there begins under that name.
    pub async fn session_called(&self, wanted: &str, channel: &str) -> anyhow::Result<Session> {
        let (session, fresh) = self.named_session(wanted, channel).await?;
        if fresh {
            eprintln!("note: new session {wanted:?}");
        }
        Ok(session)
    }

    /// The same; tells whether it was begun. Of several programs that begin one of that name at once, one
    /// does, and the others find it.
    pub(super) async fn named_session(&self, wanted: &str, channel: &str) -> anyhow::Result<(Session, bool)> {
        match self.memory.find_session(wanted).await {
            Err(StoreError::NoSession(_)) => {}
            found => return Ok((found?, false)),
        }
        match self.new_session(channel, Some(wanted)).await {
            Err(error) if is_taken(&error) => Ok((self.memory.find_session(wanted).await?, false)),
            begun => Ok((begun?, true)),
        }
    }

    /// The tools, and what the agent of `session` may do with each.
    pub fn tool_table(&self, session: &Session, colour: Colour) -> String {
        let live = self.live.load();
        match live.setup.roster.get(&self.agent_of(session)) {
            Ok(entry) => table::tools(live.registry.specs(), &entry.policy, colour),
            Err(error) => format!("{error}\n"),
        }
    }

    /// Writes what is queued and ends the script's thread.
    pub async fn close(&self) {
        if let Some(services) = self.services.get() {
            services.stop().await;
        }
        self.live.load_full().loaded.close().await;
    }
}

fn is_taken(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::NameTaken(_)))
}

/// Characters of a session's name, at most.
const NAME_CHARS: usize = 80;

/// Whether a session may be called so: names are shown one a line.
pub fn check_name(name: &str) -> anyhow::Result<()> {
    if name.trim().is_empty() {
        bail!("the name of the session is empty");
    }
    if name.chars().count() > NAME_CHARS || name.contains(char::is_control) {
        bail!("a session's name has at most {NAME_CHARS} characters, on one line");
    }
    Ok(())
}
