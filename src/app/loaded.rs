//! The configuration in force: settings, secrets, and what `init.lua` declares.

use super::{
    ConfigError, Flags, facts, init,
    inputs::{Inputs, TOML},
    process::{Process, Told},
    sessions::SessionsHere,
};
use crate::{
    config::{Dirs, Environment, Layers, Located, Origin, Secrets, Settings, locate, read_toml},
    domain::plan::Plan,
    gateway::Outgoing,
    memory::{Memory, MemoryError, verify},
    net,
    script::{Generation, ScriptHandle, Sink, Texts},
};
use std::{
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// A check of the database that takes longer is told of.
const LONG_CHECK: Duration = Duration::from_secs(1);
/// The workspace of a program that stays, in the directory for the user's data.
const OWN_WORKSPACE: &str = "workspace";

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
    /// The way to the web.
    pub(super) web: net::Client,
    /// The files that it was made of.
    pub(super) inputs: Inputs,
    /// Settings that are other ones in the files, and take a restart.
    pub(super) restart: Vec<String>,
    /// Its files are at fault now: it is a copy of what they were.
    pub(super) stands_in: bool,
    process: Arc<Process>,
}

/// A configuration that could not be loaded, and the files that are to blame.
pub(super) struct LoadError {
    pub(super) error: anyhow::Error,
    pub(super) inputs: Inputs,
}

/// What is known before `init.lua` runs.
struct Read {
    located: Located,
    layers: Layers,
    early: Settings,
}

impl Loaded {
    /// Reads the configuration and runs `init.lua`.
    pub async fn load(flags: Flags) -> anyhow::Result<Self> {
        Self::load_telling(flags, None).await
    }

    /// The same; `notice` is told what a person should know.
    pub(super) async fn load_telling(flags: Flags, notice: Option<Sink>) -> anyhow::Result<Self> {
        let loaded = Self::of(Process::start(flags, Told::by(notice))?, None)
            .await
            .map_err(|failure| failure.error)?;
        loaded.settle();
        Ok(loaded)
    }

    /// Loads everything anew, beside what is in force.
    pub(super) async fn again(&self) -> Result<Self, LoadError> {
        let loaded = Self::of(Arc::clone(&self.process), None).await?;
        match &self.located.init {
            Some(init) if loaded.located.init.is_none() => {
                let message =
                    format!("{}: the file is gone; start openpista anew to do without one", init.display());
                Err(LoadError { error: ConfigError::new(message).into(), inputs: loaded.inputs })
            }
            _ => Ok(loaded),
        }
    }

    /// Loads everything anew, for specs: `print` takes what scripts print, and nothing that is found out
    /// changes the log or the memory of the program.
    pub(super) async fn for_specs(&self, print: Sink) -> Result<Self, LoadError> {
        Self::of(Arc::new(self.process.apart(OnceLock::new(), Some(print))), None).await
    }

    /// The same configuration with another memory, another directory for what is kept, and somebody
    /// else who is told things.
    pub(super) fn on(&self, memory: Memory, state: PathBuf, notice: Sink) -> Self {
        let mut process = self.process.apart(OnceLock::from(memory), self.process.specs.clone());
        process.notice = Some(notice);
        let dirs = Dirs { state, ..self.dirs.clone() };
        Self { process: Arc::new(process), dirs, ..self.clone() }
    }

    /// Loads what there is, or what there was: `kept` stands in for all files.
    pub(super) async fn of(process: Arc<Process>, kept: Option<Arc<Texts>>) -> Result<Self, LoadError> {
        let mut inputs = Inputs::default();
        let read = match read(&process, kept.as_deref(), &mut inputs) {
            Ok(read) => read,
            Err(error) => return Err(LoadError { error: error.into(), inputs }),
        };
        process.log(&read.early);
        let run = Self::run(&process, read, kept, &mut inputs).await;
        run.map(|loaded| Self { inputs: inputs.clone(), ..loaded })
            .map_err(|error| LoadError { error: error.into(), inputs })
    }

    async fn run(
        process: &Arc<Process>,
        read: Read,
        kept: Option<Arc<Texts>>,
        inputs: &mut Inputs,
    ) -> Result<Self, ConfigError> {
        let Read { located, layers, early } = read;
        for warning in layers.warnings() {
            tracing::warn!("{warning}");
        }
        let (environment, dirs) = (process.environment.clone(), process.dirs.clone());
        let generation = init::run(process, &located, kept, &early).await;
        let Generation { handle: script, plan, report } = match generation {
            Ok(generation) => generation,
            Err(failure) => {
                inputs.reported(&failure.report);
                return Err(ConfigError::new(failure.error));
            }
        };
        inputs.reported(&report);
        let mut settings = layers.settings(&plan.settings).map_err(ConfigError::new)?;
        init::limit(&script, &early, &settings).await?;
        let restart = process.keep_fixed(&mut settings);
        let base = located.directory(&dirs).to_owned();
        let secrets = Secrets::new(environment.clone(), dirs.clone(), base, process.redactor.clone());
        let (process, inputs) = (Arc::clone(process), Inputs::default());
        let web = net::Client::new(settings.http_allow.clone());
        Ok(Self {
            dirs,
            located,
            environment,
            settings,
            secrets,
            plan,
            script,
            web,
            inputs,
            restart,
            stands_in: false,
            process,
        })
    }

    /// From now on this is the configuration in force.
    pub(super) fn settle(&self) {
        self.process.settle(&self.settings, self.script.generation());
    }

    /// The program that it was loaded in.
    pub(super) fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// The memory; opened at the first use. It stays the same when the configuration is loaded again.
    pub fn memory(&self) -> anyhow::Result<&Memory> {
        Ok(self.process.memory(&self.settings.database)?)
    }

    /// Reads all of the database, and says when that takes long.
    pub(super) async fn verify_database(&self) -> Result<(), MemoryError> {
        let path = self.settings.database.clone();
        let mut checking = tokio::task::spawn_blocking(move || verify(&path));
        let checked = tokio::select! {
            checked = &mut checking => checked,
            () = tokio::time::sleep(LONG_CHECK) => {
                let place = self.settings.database.display();
                self.notify(&format!("checking the database {place} before it is used"));
                checking.await
            }
        };
        checked.unwrap_or_else(|error| {
            let path = self.settings.database.clone();
            Err(MemoryError::Open { path, message: format!("the check broke off: {error}") })
        })
    }

    /// The way out for messages, kept in it.
    pub(super) fn outgoing(&self) -> anyhow::Result<Arc<Outgoing>> {
        let memory = self.memory()?;
        Ok(self.process.outgoing(memory))
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
        match &self.settings.workspace {
            Some(given) => given.clone(),
            None if self.process.flags.own_workspace => self.own_workspace(),
            None => self.dirs.current.clone(),
        }
    }

    /// Whether this is for `openpista start`.
    pub(super) fn is_daemon(&self) -> bool {
        self.process.flags.own_workspace
    }

    /// The workspace of a program that stays, where none is set.
    pub(super) fn own_workspace(&self) -> PathBuf {
        self.dirs.data.join(OWN_WORKSPACE)
    }

    /// Makes the workspace where it is the program's own. Nobody but the user can enter it.
    pub(super) fn make_workspace(&self) -> Result<(), ConfigError> {
        if self.settings.workspace.is_some() || !self.process.flags.own_workspace {
            return Ok(());
        }
        let path = self.workspace();
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|error| ConfigError::new(format!("the workspace {}: {error}", path.display())))
    }

    /// The login name of the person at this machine.
    pub fn user(&self) -> String {
        facts::user(&self.environment)
    }

    /// Who is told what a person should know.
    pub(super) fn notice(&self) -> Option<Sink> {
        self.process.notice.clone()
    }

    /// Tells the person what is wrong.
    pub(super) fn complain(&self, text: &str) {
        match &self.process.complaint {
            Some(complaint) => complaint(text),
            None => self.notify(text),
        }
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
        self.process.settled().await;
        if let Some(memory) = self.process.memory.get() {
            memory.close().await;
        }
        self.process.tell_counted();
    }
}

fn read(process: &Process, kept: Option<&Texts>, inputs: &mut Inputs) -> Result<Read, ConfigError> {
    let Process { flags, environment, dirs, .. } = process;
    let mut located = locate(flags.config.as_deref(), environment, dirs).map_err(ConfigError::new)?;
    let toml = match kept {
        None => located.toml.as_deref().map(read_toml).transpose(),
        Some(kept) => {
            located.toml = Some(located.directory(dirs).join(TOML)).filter(|path| kept.contains_key(path));
            Ok(located.toml.as_ref().and_then(|path| kept.get(path)).map(|text| text.to_vec()))
        }
    };
    inputs.located(&located, dirs, toml.as_ref().ok().and_then(Option::as_deref));
    let toml = toml.map_err(ConfigError::new)?;
    let layers = Layers::with_toml(&located, toml.as_deref(), dirs, environment, flags.values.clone());
    let layers = layers.map_err(ConfigError::new)?;
    let early = layers.settings(&[]).map_err(ConfigError::new)?;
    Ok(Read { located, layers, early })
}
