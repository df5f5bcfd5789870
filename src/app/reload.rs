//! Loading the configuration anew while the program runs: built beside the one in force, checked as a
//! whole, and swapped in at one moment. Whatever fails changes nothing.

use super::{App, Loaded, assemble::assemble, inputs::Inputs, last_good::LastGood, primitives, specs};
use crate::{domain::diff::Diff, watch::Watcher};
use serde_json::json;
use std::{fmt, sync::Arc, time::Duration};
use tokio::task::JoinHandle;

/// Changes that are told in one line; the rest is counted.
const TOLD: usize = 8;

/// What a reload has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// The generation in force now.
    pub generation: u64,
    /// What is different, each a short phrase.
    pub changes: Vec<String>,
    /// Settings that count only after a restart.
    pub restart: Vec<String>,
}

impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told: Vec<String> = self.changes.iter().take(TOLD).cloned().collect();
        match self.changes.len().saturating_sub(TOLD) {
            0 => {}
            more => told.push(format!("{more} more changes")),
        }
        if !self.restart.is_empty() {
            told.push(format!("needs a restart: {}", self.restart.join(", ")));
        }
        write!(f, "reloaded: generation {}: {}", self.generation, told.join("; "))
    }
}

/// Why a configuration was not put in force, and the files that it was read from.
struct Refused {
    error: anyhow::Error,
    inputs: Inputs,
}

/// Watches the configuration's files as long as it is kept.
#[derive(Debug)]
pub struct Watching(JoinHandle<()>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl App {
    /// Loads the configuration anew. Turns under way end with the one that they began with.
    ///
    /// # Errors
    /// What is wrong with it, with file and line; then nothing has changed.
    pub async fn reload(&self) -> anyhow::Result<Reloaded> {
        let result = self.replace().await.map_err(|refused| refused.error);
        self.tell_of(&result);
        result
    }

    /// Loads the configuration anew whenever a file of it changes and nothing has happened to it for
    /// `settle`; the person is told what came of it.
    pub fn watch(&self, settle: Duration) -> Watching {
        let app = self.clone();
        let mut known = app.live.load().loaded.inputs.clone();
        if let Some(broken) = &app.broken {
            // What is in force is not what is in the files.
            known = broken.clone();
            known.also(&app.live.load().loaded.inputs);
        }
        Watching(tokio::spawn(async move {
            let mut watcher = Watcher::new(settle, known.contents().clone());
            loop {
                watcher.changed().await;
                let (result, inputs) = app.look_again().await;
                watcher.know(inputs.contents().clone());
                let Some(result) = result else { continue };
                app.tell_of(&result);
                let text = match &result {
                    Ok(reloaded) => reloaded.to_string(),
                    Err(error) => format!("not reloaded, nothing has changed: {error:#}"),
                };
                app.live.load().loaded.notify(&text);
            }
        }))
    }

    /// Reloads, unless the files are those in force. Also the files to watch from now on.
    async fn look_again(&self) -> (Option<anyhow::Result<Reloaded>>, Inputs) {
        let before = self.live.load_full();
        if before.loaded.inputs.are_as_read() {
            return (None, before.loaded.inputs.clone());
        }
        match self.replace().await {
            Ok(reloaded) => (Some(Ok(reloaded)), self.live.load().loaded.inputs.clone()),
            Err(Refused { error, mut inputs }) => {
                inputs.also(&before.loaded.inputs);
                (Some(Err(error)), inputs)
            }
        }
    }

    /// One reload after the other.
    async fn replace(&self) -> Result<Reloaded, Refused> {
        let _turn = self.reloading.lock().await;
        let old = self.live.load_full();
        let loaded = old
            .loaded
            .again()
            .await
            .map_err(|failure| Refused { error: failure.error, inputs: failure.inputs })?;
        let inputs = loaded.inputs.clone();
        let refused = |error| Refused { error, inputs: inputs.clone() };
        if loaded.settings.reload.require_tests {
            specs::required(&loaded).await.map_err(refused)?;
        }
        let reloaded = difference(&old.loaded, &loaded);
        let live = assemble(loaded, self.approver.clone()).await.map_err(refused)?;
        primitives::equip(&live, self.gateway.downgrade()).await.map_err(refused)?;
        // From here on nothing fails.
        let live = Arc::new(live);
        live.loaded.settle();
        self.gateway.install(live.setup.clone());
        self.live.store(live.clone());
        if let Some(services) = self.services.get() {
            services.apply(&live).await;
        }
        keep(&live.loaded);
        // A thread that is stuck is left behind.
        tokio::spawn(async move {
            if let Err(error) = old.loaded.script.retire().await {
                tracing::warn!("the tasks of the replaced configuration could not be ended: {error}");
            }
        });
        Ok(reloaded)
    }

    /// Tells the observers in force.
    fn tell_of(&self, result: &anyhow::Result<Reloaded>) {
        let live = self.live.load();
        if !live.loaded.plan.observers.iter().any(|observer| observer.point == "reload") {
            return;
        }
        let payload = match result {
            Ok(reloaded) => json!({
                "ok": true, "generation": reloaded.generation, "changes": reloaded.changes,
                "restart": reloaded.restart,
            }),
            Err(error) => json!({
                "ok": false, "generation": live.setup.generation, "error": format!("{error:#}"),
            }),
        };
        live.loaded.script.emit("reload", payload);
    }
}

pub(super) fn difference(old: &Loaded, new: &Loaded) -> Reloaded {
    let settings = old.settings.changes(&new.settings, new.secrets.redactor());
    let diff = Diff::between(&old.plan, &new.plan, &settings);
    let mut changes = diff.changes;
    if changes.is_empty() {
        let files = new.inputs.changed_since(&old.inputs);
        changes.push(match files.is_empty() {
            true => "nothing is different".into(),
            false => format!("{} changed, and what is declared is the same", files.join(", ")),
        });
    }
    Reloaded { generation: new.script.generation(), changes, restart: new.restart.clone() }
}

/// Keeps what works for a start at which it does not. Failing only costs that.
pub(super) fn keep(loaded: &Loaded) {
    let Some(init) = loaded.located.init.clone() else { return };
    let (kept, state) = (LastGood::of(&init, &loaded.inputs), loaded.dirs.state.clone());
    tokio::task::spawn_blocking(move || {
        if let Err(error) = kept.keep(&state) {
            tracing::warn!("the configuration could not be kept for a start with a broken one: {error}");
        }
    });
}
