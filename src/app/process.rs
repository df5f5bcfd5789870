//! What stays the same however often the configuration is loaded.

use super::{
    ConfigError, Flags,
    last_good::{Kept, LastGood},
    primitives::InUse,
};
use crate::{
    config::{ConfigName, Dirs, Environment, LogFormat, Redactor, Settings, config_name, locate, writable},
    gateway::Outgoing,
    health::Health,
    memory::{Memory, MemoryError, OpenOptions},
    sandbox::docker::{Docker, places},
    script::{Sink, Texts},
    telemetry::{self, Log},
    worker::{Door, Workers},
};
use anyhow::Context;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Semaphore;

/// The directory for the sockets of workers, in that for sockets.
const WORKERS: &str = "workers";

/// Who is told what a person should know.
#[derive(Clone, Default)]
pub struct Told {
    /// Is told of everything.
    pub notice: Option<Sink>,
    /// Is told of what is wrong, in place of the other.
    pub complaint: Option<Sink>,
}

impl Told {
    /// One who is told of everything alike.
    pub(super) fn by(notice: Option<Sink>) -> Self {
        Self { notice, complaint: None }
    }
}

/// The program as it was started.
pub(super) struct Process {
    pub(super) flags: Flags,
    pub(super) environment: Environment,
    pub(super) dirs: Dirs,
    pub(super) redactor: Redactor,
    pub(super) notice: Option<Sink>,
    pub(super) complaint: Option<Sink>,
    /// The number of the configuration in force.
    generation: Arc<AtomicU64>,
    pub(super) memory: OnceLock<Memory>,
    outgoing: OnceLock<Arc<Outgoing>>,
    /// The background tasks, and what was dropped.
    pub(super) health: Health,
    /// The Docker engine of this installation.
    docker: OnceLock<Docker>,
    /// The way in for workers, opened when one is wanted.
    pub(super) door: Door,
    /// The places for workers.
    pub(super) places: Arc<Semaphore>,
    /// The conversations of jobs that runs are in.
    pub(super) in_use: InUse,
    /// Loaded for specs; takes what they print.
    pub(super) specs: Option<Sink>,
    fixed: OnceLock<Fixed>,
    log: Arc<OnceLock<Option<Log>>>,
    /// What the log was last told.
    logged: Mutex<Option<(String, LogFormat)>>,
}

/// The names of the settings that are read once.
const FIXED: &[&str] = &["database", "history"];

/// Their values.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fixed {
    database: PathBuf,
    history: PathBuf,
}

impl Process {
    pub(super) fn start(flags: Flags, told: Told) -> anyhow::Result<Arc<Self>> {
        let environment = flags.environment.clone().unwrap_or_else(Environment::of_process);
        let current = std::env::current_dir().context("the current directory can't be read")?;
        let dirs = Dirs::find(&environment, current).map_err(ConfigError::new)?;
        let redactor = Redactor::of(&environment);
        Ok(Arc::new(Self {
            docker: OnceLock::new(),
            door: Door::new(dirs.run.join(WORKERS)),
            places: Workers::places(),
            in_use: InUse::default(),
            flags,
            environment,
            dirs,
            redactor,
            notice: told.notice,
            complaint: told.complaint,
            generation: Arc::default(),
            memory: OnceLock::new(),
            outgoing: OnceLock::new(),
            health: Health::default(),
            specs: None,
            fixed: OnceLock::new(),
            log: Arc::default(),
            logged: Mutex::default(),
        }))
    }

    /// The same, but for the log and whoever is told things.
    pub(super) fn apart(&self, memory: OnceLock<Memory>, specs: Option<Sink>) -> Self {
        let log = Arc::new(OnceLock::from(None));
        Self { notice: None, complaint: None, generation: Arc::default(), memory, specs, log, ..self.anew() }
    }

    /// The same, but for what a configuration has opened.
    pub(super) fn anew(&self) -> Self {
        Self {
            flags: self.flags.clone(),
            environment: self.environment.clone(),
            dirs: self.dirs.clone(),
            redactor: self.redactor.clone(),
            notice: self.notice.clone(),
            complaint: self.complaint.clone(),
            generation: Arc::clone(&self.generation),
            memory: OnceLock::new(),
            outgoing: OnceLock::new(),
            health: self.health.clone(),
            docker: OnceLock::new(),
            door: self.door.clone(),
            places: Arc::clone(&self.places),
            in_use: self.in_use.clone(),
            specs: self.specs.clone(),
            fixed: OnceLock::new(),
            log: Arc::clone(&self.log),
            logged: Mutex::default(),
        }
    }

    /// Starts the log, unless it was started.
    pub(super) fn log(&self, settings: &Settings) {
        self.log.get_or_init(|| {
            *self.logged() = Some((settings.log.clone(), settings.log_format));
            // A second initialisation in one process (a test's) leaves the first in place.
            telemetry::init(&settings.log, settings.log_format, self.redactor.clone()).ok()
        });
    }

    /// The number of the next configuration, should it come into force.
    pub(super) fn next_generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed) + 1
    }

    /// These settings, of this generation, are in force: the log goes on by them, and what is read once
    /// is read.
    pub(super) fn settle(&self, settings: &Settings, generation: u64) {
        self.generation.store(generation, Ordering::Relaxed);
        self.fixed
            .get_or_init(|| Fixed { database: settings.database.clone(), history: settings.history.clone() });
        let wanted = (settings.log.clone(), settings.log_format);
        let mut logged = self.logged();
        if let Some(log) = self.log.get().and_then(Option::as_ref)
            && logged.as_ref() != Some(&wanted)
        {
            log.change(&wanted.0, wanted.1);
            *logged = Some(wanted);
        }
    }

    /// Says of lines that came again and again how many there were.
    pub(super) fn tell_counted(&self) {
        if let Some(log) = self.log.get().and_then(Option::as_ref) {
            log.settle();
        }
    }

    /// Puts what is in use in the place of what would need a restart; the names of those settings.
    pub(super) fn keep_fixed(&self, settings: &mut Settings) -> Vec<String> {
        let Some(fixed) = self.fixed.get() else { return vec![] };
        let mut restart = vec![];
        for (name, wanted, used) in [
            ("database", &mut settings.database, &fixed.database),
            ("history", &mut settings.history, &fixed.history),
        ] {
            if wanted != used {
                restart.push(name.to_owned());
                wanted.clone_from(used);
            }
        }
        restart
    }

    /// Whether a setting is read once, when the program starts.
    pub(super) fn is_fixed(&self, key: &str) -> bool {
        FIXED.contains(&key)
    }

    /// Where the `init.lua` in use is, or would be.
    pub(super) fn init(&self) -> Option<PathBuf> {
        let located = locate(self.flags.config.as_deref(), &self.environment, &self.dirs).ok()?;
        Some(located.init.unwrap_or_else(|| self.dirs.config.join("init.lua")))
    }

    /// The configuration in use, as one of which a copy is kept.
    pub(super) fn kept(&self) -> Option<Kept> {
        let init = self.init()?;
        let ConfigName { name, former } = config_name(&init, &self.dirs);
        Some(Kept { name, former, init })
    }

    /// The files of the configuration that last worked, if it is not known to be another one.
    pub(super) fn last_good(&self) -> Option<Texts> {
        let kept = self.kept()?;
        Some(LastGood::find(&self.dirs.state, &kept)?.texts(&kept))
    }

    /// The memory; opened at the first use.
    pub(super) fn memory(&self, database: &Path) -> Result<&Memory, MemoryError> {
        if let Some(memory) = self.memory.get() {
            return Ok(memory);
        }
        let memory = Memory::open(database, OpenOptions::default())?;
        memory.report_to(self.health.tasks.clone());
        // Standing approvals are in there.
        if let Some(warning) = writable(database) {
            tracing::warn!("{warning}");
        }
        Ok(self.memory.get_or_init(|| memory))
    }

    /// The Docker engine of the installation that keeps its things in `state`.
    pub(super) fn docker(&self, state: &Path) -> &Docker {
        self.docker.get_or_init(|| {
            let host = self.environment.get("DOCKER_HOST").and_then(|host| host.to_str());
            let runtime = self.environment.get("XDG_RUNTIME_DIR");
            let places = places(host, runtime, self.dirs.home.as_deref());
            Docker::at(places, &state.to_string_lossy()).of(state)
        })
    }

    /// Waits until what was given up is out of the way.
    pub(super) async fn settled(&self) {
        if let Some(docker) = self.docker.get() {
            docker.settle().await;
        }
    }

    /// The way out for messages, kept in the memory.
    pub(super) fn outgoing(&self, memory: &Memory) -> Arc<Outgoing> {
        Arc::clone(
            self.outgoing
                .get_or_init(|| Arc::new(Outgoing::new(Arc::new(memory.clone()), self.health.clone()))),
        )
    }

    fn logged(&self) -> std::sync::MutexGuard<'_, Option<(String, LogFormat)>> {
        self.logged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
