//! Another configuration in the place of the one in force, while everything goes on.

use super::{
    App, Loaded,
    assemble::{Live, assemble},
    inputs::Inputs,
    last_good::LastGood,
    loaded::LoadError,
    primitives, specs,
};
use crate::{
    domain::{causes::causes, diff::Diff},
    health::chaos,
    script::ErrorKind,
};
use serde_json::{Value, json};
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::watch;

/// The event that observers are told.
const EVENT: &str = "reload";

/// Why the configuration is loaded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A file was saved.
    Save,
    /// A person said so.
    Command,
    /// SIGHUP.
    Signal,
    /// The thread of the script has died.
    Restart,
}

impl Cause {
    fn as_str(self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::Command => "command",
            Self::Signal => "signal",
            Self::Restart => "restart",
        }
    }
}

/// A configuration that came into force.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// Its number.
    pub generation: u64,
    /// What it does differently, each a short phrase.
    pub changes: Vec<String>,
    /// Settings that are other ones in the files, and take a restart.
    pub restart: Vec<String>,
    /// The names of the files that changed.
    pub files: Vec<String>,
}

impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reloaded: generation {}: ", self.generation)?;
        let diff = Diff { changes: self.changes.clone(), restart: self.restart.clone() };
        match (diff.is_empty(), self.files.is_empty()) {
            (false, _) => write!(f, "{diff}"),
            (true, false) => write!(f, "{} changed, and nothing that is declared", self.files.join(", ")),
            (true, true) => f.write_str("nothing changed"),
        }
    }
}

/// What the reloads of a program share.
pub(super) struct Reloading {
    /// One at a time.
    one: tokio::sync::Mutex<()>,
    /// The files that the last attempt read.
    pub(super) inputs: watch::Sender<Inputs>,
    /// Threads of replaced generations that could not be ended.
    abandoned: AtomicUsize,
    /// Why the configuration in the files is not the one in force.
    fault: Mutex<Option<String>>,
}

impl Reloading {
    pub(super) fn new(inputs: Inputs, fault: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            one: tokio::sync::Mutex::default(),
            inputs: watch::Sender::new(inputs),
            abandoned: AtomicUsize::new(0),
            fault: Mutex::new(fault),
        })
    }

    /// Waits until no reload is under way.
    pub(super) async fn quiet(&self) {
        drop(self.one.lock().await);
    }

    fn fault(&self) -> MutexGuard<'_, Option<String>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Loads the configuration again and puts it in force. Turns under way end with the one that they
    /// began with, which can only lose permissions. Dropping the future does not stop the reload.
    ///
    /// # Errors
    /// When anything is wrong with it. Then the one in force stays, and nothing has changed.
    pub async fn reload(&self, cause: Cause) -> anyhow::Result<Reloaded> {
        let app = self.clone();
        let reload = tokio::spawn(async move { app.tasks().guard("reload", app.load_anew(cause)).await });
        match reload.await {
            Ok(Ok(reloaded)) => reloaded,
            Ok(Err(panic)) => {
                let text = format!("a fault of the program: {panic}");
                *self.reloading.fault() = Some(text.clone());
                Err(anyhow::anyhow!(text))
            }
            Err(ended) => Err(ended.into()),
        }
    }

    async fn load_anew(&self, cause: Cause) -> anyhow::Result<Reloaded> {
        chaos::point("reload");
        let _one = self.reloading.one.lock().await;
        let old = self.live.load_full();
        match self.next(&old).await {
            Ok(live) => {
                *self.reloading.fault() = None;
                Ok(self.put_in_force(&old, live, cause).await)
            }
            Err(LoadError { error, mut inputs }) => {
                // A fault may lie in any file that was read, and be mended in any that is in use.
                inputs.also(&old.loaded.inputs);
                self.reloading.inputs.send_replace(inputs);
                let generation = old.loaded.script.generation();
                let text = causes(error.as_ref());
                *self.reloading.fault() = Some(text.clone());
                tracing::debug!(generation, cause = cause.as_str(), "reload failed: {text}");
                tell(
                    &old,
                    json!({ "ok": false, "cause": cause.as_str(), "generation": generation, "error": text }),
                );
                Err(error)
            }
        }
    }

    /// Why the configuration in the files is not the one in force.
    pub fn fault(&self) -> Option<String> {
        self.reloading.fault().clone()
    }

    /// The number of the configuration in force.
    pub fn generation(&self) -> u64 {
        self.live.load().loaded.script.generation()
    }

    /// How many Lua threads of replaced generations hang in a function that cannot be stopped.
    pub fn abandoned(&self) -> usize {
        self.reloading.abandoned.load(Ordering::Relaxed)
    }

    /// Builds the next generation beside the one in force.
    async fn next(&self, old: &Live) -> Result<Live, LoadError> {
        let mut loaded = old.loaded.again().await?;
        if loaded.settings.reload.require_tests {
            let found = specs::find(&[], loaded.located.directory(&loaded.dirs));
            // That there are none is told where they are run.
            loaded.inputs.look_at(found.unwrap_or_default());
        }
        let inputs = loaded.inputs.clone();
        self.build(loaded).await.map_err(|error| LoadError { error, inputs })
    }

    async fn build(&self, loaded: Loaded) -> anyhow::Result<Live> {
        if loaded.settings.reload.require_tests {
            specs::required(&loaded).await?;
        }
        let live = assemble(loaded, self.approver.clone()).await?;
        primitives::equip(&live, self.gateway.downgrade()).await?;
        Ok(live)
    }

    async fn put_in_force(&self, old: &Arc<Live>, live: Live, cause: Cause) -> Reloaded {
        let live = Arc::new(live);
        let reloaded = difference(&old.loaded, &live.loaded);
        // Nothing waits between these two.
        self.gateway.install(live.setup.clone());
        self.live.store(live.clone());
        live.loaded.settle();
        self.reloading.inputs.send_replace(live.loaded.inputs.clone());
        tracing::info!(cause = cause.as_str(), "{reloaded}");
        tell(&live, event(&reloaded, cause));
        if let Some(services) = self.services.get() {
            services.apply(&live, &self.tasks()).await;
        }
        self.retire(old.clone());
        keep(&live.loaded).await;
        reloaded
    }

    /// Ends what a replaced generation does by itself. Its thread ends with its last turn; nobody waits.
    fn retire(&self, old: Arc<Live>) {
        let (reloading, script) = (self.reloading.clone(), old.loaded.script.clone());
        let notice = old.loaded.notice();
        drop(old);
        tokio::spawn(async move {
            // A handler may be at work; it has a deadline, and a thread that does not keep it is stuck.
            let stuck = loop {
                match script.retire().await {
                    Err(error) if error.kind == ErrorKind::Timeout => {}
                    result => break result.is_err_and(|error| error.kind == ErrorKind::Stuck),
                }
            };
            if !stuck {
                return;
            }
            let count = reloading.abandoned.fetch_add(1, Ordering::Relaxed) + 1;
            let text = format!(
                "the Lua thread of generation {} hangs in a function that cannot be stopped, and was left behind \
                 ({count} so far)",
                script.generation()
            );
            tracing::warn!("{text}");
            if let Some(notice) = notice {
                notice(&text);
            }
        });
    }
}

/// What is different, in the words of [`Diff`].
pub(super) fn difference(old: &Loaded, new: &Loaded) -> Reloaded {
    let settings = old.settings.changes(&new.settings, new.secrets.redactor());
    let settings: Vec<_> =
        settings.into_iter().filter(|change| !new.process().is_fixed(&change.key)).collect();
    Reloaded {
        generation: new.script.generation(),
        changes: Diff::between(&old.plan, &new.plan, &settings).changes,
        restart: new.restart.clone(),
        files: new.inputs.changed_since(&old.inputs),
    }
}

fn event(reloaded: &Reloaded, cause: Cause) -> Value {
    let Reloaded { generation, changes, restart, files } = reloaded;
    json!({
        "ok": true,
        "cause": cause.as_str(),
        "generation": generation,
        "changes": changes,
        "restart": restart,
        "files": files,
    })
}

/// Tells the observers of a generation.
fn tell(live: &Live, payload: Value) {
    if live.setup.hooks.observes(EVENT) {
        live.setup.hooks.emit(EVENT, payload);
    }
}

/// Keeps a configuration that works, for a start at which the next one does not.
pub(super) async fn keep(loaded: &Loaded) {
    let Some(kept) = loaded.process().kept().filter(|_| !loaded.stands_in) else { return };
    let (copy, state) = (LastGood::of(&kept, &loaded.inputs), loaded.dirs.state.clone());
    let kept = tokio::task::spawn_blocking(move || copy.keep(&state)).await;
    if let Ok(Err(error)) = kept {
        tracing::warn!(%error, "the configuration in force could not be kept for a start with a broken one");
    }
}
