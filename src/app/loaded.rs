//! The configuration in force: settings, secrets, and what `init.lua` declares.

use super::{ConfigError, Flags, init, sessions::SessionsHere};
use crate::{
    config::{Dirs, Environment, Layers, Located, Origin, Redactor, Secrets, Settings, locate, writable},
    domain::{BoxFuture, plan::Plan, store::StoreError, trust::TrustStore},
    gateway::Outgoing,
    memory::{Memory, MemoryError, OpenOptions},
    script::{LoadReport, ScriptHandle, Sink},
    telemetry::{self, Log},
};
use anyhow::Context;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// What every command starts from.
#[derive(Clone)]
pub struct Loaded {
    /// Where files belong.
    pub dirs: Dirs,
    /// Which files are in use.
    pub located: Located,
    /// The variables that the program was started with.
    pub environment: Environment,
    /// The settings in force.
    pub settings: Settings,
    /// Fetches secrets.
    pub secrets: Secrets,
    /// What `init.lua` declares.
    pub plan: Plan,
    /// The Lua generation that declared it.
    pub script: ScriptHandle,
    /// What was read to load it.
    pub report: LoadReport,
    process: Arc<Process>,
}

/// What stays the same however often the configuration is loaded.
struct Process {
    flags: Flags,
    redactor: Redactor,
    log: Option<Log>,
    notice: Option<Sink>,
    memory: OnceLock<Memory>,
    outgoing: OnceLock<Arc<Outgoing>>,
    /// Loaded for specs; takes what they print.
    specs: Option<Sink>,
}

impl Process {
    /// The same, but for the log and whoever is told things.
    fn apart(&self, memory: OnceLock<Memory>, specs: Option<Sink>) -> Self {
        let (flags, redactor) = (self.flags.clone(), self.redactor.clone());
        Self { flags, redactor, log: None, notice: None, memory, outgoing: OnceLock::new(), specs }
    }
}

/// A configuration that could not be loaded, and what was read until then.
pub(super) struct LoadError {
    pub(super) error: anyhow::Error,
    pub(super) report: LoadReport,
}

impl From<anyhow::Error> for LoadError {
    fn from(error: anyhow::Error) -> Self {
        Self { error, report: LoadReport::default() }
    }
}

impl Loaded {
    /// Reads the configuration and runs `init.lua`.
    pub async fn load(flags: Flags) -> anyhow::Result<Self> {
        Self::load_telling(flags, None).await
    }

    /// The same; `notice` is told what a person should know.
    pub(super) async fn load_telling(flags: Flags, notice: Option<Sink>) -> anyhow::Result<Self> {
        let environment = Environment::of_process();
        let current = std::env::current_dir().context("the current directory can't be read")?;
        let dirs = Dirs::find(&environment, current).map_err(ConfigError::new)?;
        let (located, layers, early) = read(&flags, &environment, &dirs)?;
        let redactor = Redactor::of(&environment);
        // A second initialisation in one process (a test's) leaves the first in place.
        let log = telemetry::init(&early.log, early.log_format, redactor.clone()).ok();
        let (memory, outgoing) = (OnceLock::new(), OnceLock::new());
        let process = Arc::new(Process { flags, redactor, log, notice, memory, outgoing, specs: None });
        let loaded = Self::run(process, environment, dirs, located, layers, early).await;
        loaded.map_err(|failure| failure.error)
    }

    /// Loads everything anew, beside what is in force.
    pub(super) async fn again(&self) -> Result<Self, LoadError> {
        let (located, layers, early) = read(&self.process.flags, &self.environment, &self.dirs)?;
        let process = Arc::clone(&self.process);
        Self::run(process, self.environment.clone(), self.dirs.clone(), located, layers, early).await
    }

    /// Loads everything anew, for specs: `print` takes what scripts print, and nothing that is found out
    /// changes the log or the memory of the program.
    pub(super) async fn for_specs(&self, print: Sink) -> Result<Self, LoadError> {
        let (located, layers, early) = read(&self.process.flags, &self.environment, &self.dirs)?;
        let process = Arc::new(self.process.apart(OnceLock::new(), Some(print)));
        Self::run(process, self.environment.clone(), self.dirs.clone(), located, layers, early).await
    }

    /// The same configuration with another memory, another directory for what is kept, and somebody
    /// else who is told things.
    pub(super) fn on(&self, memory: Memory, state: PathBuf, notice: Sink) -> Self {
        let mut process = self.process.apart(OnceLock::from(memory), self.process.specs.clone());
        process.notice = Some(notice);
        let dirs = Dirs { state, ..self.dirs.clone() };
        Self { process: Arc::new(process), dirs, ..self.clone() }
    }

    async fn run(
        process: Arc<Process>,
        environment: Environment,
        dirs: Dirs,
        located: Located,
        layers: Layers,
        early: Settings,
    ) -> Result<Self, LoadError> {
        for warning in layers.warnings() {
            tracing::warn!("{warning}");
        }
        let generation =
            init::run(&located, &early, process.notice.clone(), process.specs.clone()).await.map_err(
                |failure| LoadError { error: ConfigError::new(failure.error).into(), report: failure.report },
            )?;
        let (script, plan, report) = (generation.handle, generation.plan, generation.report);
        let failed = |error: ConfigError| LoadError { error: error.into(), report: report.clone() };
        let settings = layers.settings(&plan.settings).map_err(|e| failed(ConfigError::new(e)))?;
        // What the script's thread and the log began with may be set by the script itself.
        if let Some(log) = &process.log
            && (&settings.log, settings.log_format) != (&early.log, early.log_format)
        {
            log.change(&settings.log, settings.log_format);
        }
        init::limit(&script, &early, &settings).await.map_err(failed)?;
        let base = located.directory(&dirs).to_owned();
        let secrets = Secrets::new(environment.clone(), dirs.clone(), base, process.redactor.clone());
        Ok(Self { dirs, located, environment, settings, secrets, plan, script, report, process })
    }

    /// Which skills are trusted; the memory is opened when that is first asked.
    pub(super) fn trust(&self) -> Arc<dyn TrustStore> {
        Arc::new(TrustLater { process: Arc::clone(&self.process), database: self.settings.database.clone() })
    }

    /// The memory; opened at the first use. It stays the same when the configuration is loaded again.
    pub fn memory(&self) -> anyhow::Result<&Memory> {
        Ok(self.process.memory(&self.settings.database)?)
    }

    /// The way out for messages, kept in it.
    pub(super) fn outgoing(&self) -> anyhow::Result<Arc<Outgoing>> {
        let memory = self.memory()?;
        let made = || Arc::new(Outgoing::new(Arc::new(memory.clone())));
        Ok(Arc::clone(self.process.outgoing.get_or_init(made)))
    }

    /// The conversations in it.
    pub(super) fn sessions(&self) -> anyhow::Result<SessionsHere> {
        Ok(SessionsHere { memory: self.memory()?.clone(), workspace: self.workspace().display().to_string() })
    }

    /// Whether a setting was given for this run: by flag or in the environment.
    pub fn chosen(&self, key: &str) -> bool {
        matches!(self.settings.origin(key), Some(Origin::Flag { .. } | Origin::Env { .. }))
    }

    /// The directory that tools work in.
    pub fn workspace(&self) -> PathBuf {
        self.settings.workspace_dir(&self.dirs.current)
    }

    /// Who is told what a person should know.
    pub(super) fn notice(&self) -> Option<Sink> {
        self.process.notice.clone()
    }

    /// Tells the person something.
    pub(super) fn notify(&self, text: &str) {
        match &self.process.notice {
            Some(notice) => notice(text),
            None => tracing::info!("{text}"),
        }
    }

    /// Writes what is queued and ends the script's thread.
    pub async fn close(&self) {
        // The observers have the last word, and may want to remember something.
        self.script.emit("shutdown", serde_json::json!({}));
        self.script.shutdown().await;
        if let Some(memory) = self.process.memory.get() {
            memory.close().await;
        }
    }
}

impl Process {
    fn memory(&self, database: &Path) -> Result<&Memory, MemoryError> {
        if let Some(memory) = self.memory.get() {
            return Ok(memory);
        }
        let memory = Memory::open(database, OpenOptions::default())?;
        // Standing approvals are in there.
        if let Some(warning) = writable(database) {
            tracing::warn!("{warning}");
        }
        Ok(self.memory.get_or_init(|| memory))
    }
}

/// Trust in skills, from a memory that is opened when it is needed.
struct TrustLater {
    process: Arc<Process>,
    database: PathBuf,
}

impl TrustLater {
    fn memory(&self) -> Result<&Memory, StoreError> {
        self.process.memory(&self.database).map_err(|error| StoreError::Database {
            path: self.database.display().to_string(),
            message: error.to_string(),
        })
    }
}

impl TrustStore for TrustLater {
    fn trusted<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, StoreError>> {
        Box::pin(async move { self.memory()?.trusted(name).await })
    }

    fn trust<'a>(&'a self, name: &'a str, fingerprint: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.memory()?.trust(name, fingerprint).await })
    }

    fn distrust<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { self.memory()?.distrust(name).await })
    }
}

fn read(
    flags: &Flags,
    environment: &Environment,
    dirs: &Dirs,
) -> anyhow::Result<(Located, Layers, Settings)> {
    let located = locate(flags.config.as_deref(), environment, dirs).map_err(ConfigError::new)?;
    let layers = Layers::read(&located, dirs, environment, flags.values.clone()).map_err(ConfigError::new)?;
    let early = layers.settings(&[]).map_err(ConfigError::new)?;
    Ok((located, layers, early))
}
