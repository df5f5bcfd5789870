//! The configuration in force: settings, secrets, and what `init.lua` declares.

use super::{ConfigError, Flags, init};
use crate::{
    config::{Dirs, Environment, Layers, Located, Origin, Redactor, Secrets, Settings, locate, writable},
    domain::plan::Plan,
    memory::{Memory, OpenOptions},
    script::ScriptHandle,
    telemetry,
};
use anyhow::Context;
use std::{path::PathBuf, sync::OnceLock};

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
    memory: OnceLock<Memory>,
}

impl Loaded {
    /// Reads the configuration and runs `init.lua`.
    pub async fn load(flags: Flags) -> anyhow::Result<Self> {
        let environment = Environment::of_process();
        let current = std::env::current_dir().context("the current directory can't be read")?;
        let dirs = Dirs::find(&environment, current).map_err(ConfigError::new)?;
        let located = locate(flags.config.as_deref(), &environment, &dirs).map_err(ConfigError::new)?;
        let layers = Layers::read(&located, &dirs, &environment, flags.values).map_err(ConfigError::new)?;
        let early = layers.settings(&[]).map_err(ConfigError::new)?;
        let redactor = Redactor::of(&environment);
        // A second initialisation in one process (a test's) leaves the first in place.
        let log = telemetry::init(&early.log, early.log_format, redactor.clone());
        for warning in layers.warnings() {
            tracing::warn!("{warning}");
        }
        let (script, plan) = init::run(&located, &early).await?;
        let settings = layers.settings(&plan.settings).map_err(ConfigError::new)?;
        // What the script's thread and the log began with may be set by the script itself.
        if let Ok(log) = log
            && (&settings.log, settings.log_format) != (&early.log, early.log_format)
        {
            log.change(&settings.log, settings.log_format);
        }
        init::limit(&script, &early, &settings).await?;
        let base = located.directory(&dirs).to_owned();
        let secrets = Secrets::new(environment.clone(), dirs.clone(), base, redactor);
        Ok(Self { dirs, located, environment, settings, secrets, plan, script, memory: OnceLock::new() })
    }

    /// The memory; opened at the first use.
    pub fn memory(&self) -> anyhow::Result<&Memory> {
        if let Some(memory) = self.memory.get() {
            return Ok(memory);
        }
        let memory = Memory::open(&self.settings.database, OpenOptions::default())?;
        // Standing approvals are in there.
        if let Some(warning) = writable(&self.settings.database) {
            tracing::warn!("{warning}");
        }
        Ok(self.memory.get_or_init(|| memory))
    }

    /// Whether a setting was given for this run: by flag or in the environment.
    pub fn chosen(&self, key: &str) -> bool {
        matches!(self.settings.origin(key), Some(Origin::Flag { .. } | Origin::Env { .. }))
    }

    /// The directory that tools work in.
    pub fn workspace(&self) -> PathBuf {
        self.settings.workspace_dir(&self.dirs.current)
    }

    /// Writes what is queued and ends the script's thread.
    pub async fn close(&self) {
        if let Some(memory) = self.memory.get() {
            memory.close().await;
        }
        self.script.shutdown().await;
    }
}
