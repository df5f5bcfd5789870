//! The configuration in force: settings, secrets, and what `init.lua` declares.

use super::{ConfigError, Flags, init};
use crate::{
    config::{Dirs, Environment, Layers, Located, Origin, Redactor, Secrets, Settings, locate, writable},
    domain::plan::Plan,
    memory::{Memory, OpenOptions},
    net,
    script::{LoadReport, ScriptHandle, Sink},
    telemetry::{self, Log},
};
use anyhow::Context;
use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

/// What every command starts from.
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
    /// The way to the web.
    pub(super) web: net::Client,
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
        let memory = OnceLock::new();
        let process = Arc::new(Process { flags, redactor, log, notice, memory });
        let loaded = Self::run(process, environment, dirs, located, layers, early).await;
        loaded.map_err(|failure| failure.error)
    }

    /// Loads everything anew, beside what is in force.
    pub(super) async fn again(&self) -> Result<Self, LoadError> {
        let (located, layers, early) = read(&self.process.flags, &self.environment, &self.dirs)?;
        let process = Arc::clone(&self.process);
        Self::run(process, self.environment.clone(), self.dirs.clone(), located, layers, early).await
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
        let generation = init::run(&located, &early, process.notice.clone()).await.map_err(|failure| {
            LoadError { error: ConfigError::new(failure.error).into(), report: failure.report }
        })?;
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
        let web = net::Client::new(settings.http_allow.clone());
        Ok(Self { dirs, located, environment, settings, secrets, plan, script, web, report, process })
    }

    /// The memory; opened at the first use. It stays the same when the configuration is loaded again.
    pub fn memory(&self) -> anyhow::Result<&Memory> {
        let kept = &self.process.memory;
        if let Some(memory) = kept.get() {
            return Ok(memory);
        }
        let memory = Memory::open(&self.settings.database, OpenOptions::default())?;
        // Standing approvals are in there.
        if let Some(warning) = writable(&self.settings.database) {
            tracing::warn!("{warning}");
        }
        Ok(kept.get_or_init(|| memory))
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
        if let Some(memory) = self.process.memory.get() {
            memory.close().await;
        }
        self.script.shutdown().await;
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
