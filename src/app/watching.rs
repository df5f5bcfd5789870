//! Reloading by itself when a file is saved.

use super::{App, Cause};
use crate::domain::causes::causes;
use crate::watch::Watcher;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Watches the files of the configuration as long as it is kept.
#[derive(Debug)]
pub struct Watching([JoinHandle<()>; 2]);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl App {
    /// Loads the configuration again whenever a file of it has changed and nothing has happened to any
    /// for `settle`. The person is told what came of it; and of skills that appear, change or go.
    pub fn watch(&self, settle: Duration) -> Watching {
        let mut inputs = self.reloading.inputs.subscribe();
        let mut watcher = Watcher::new(settle, inputs.borrow_and_update().contents().clone());
        let app = self.clone();
        let skills = tokio::spawn(self.clone().watch_skills(settle));
        let files = tokio::spawn(async move {
            loop {
                tokio::select! {
                    // First what was read last: it may be what has changed.
                    biased;
                    told = inputs.changed() => {
                        if told.is_err() {
                            return;
                        }
                        watcher.know(inputs.borrow_and_update().contents().clone());
                    }
                    () = watcher.changed() => app.reload_and_tell(Cause::Save).await,
                }
            }
        });
        Watching([files, skills])
    }

    /// Reloads, and tells the person what came of it.
    pub async fn reload_and_tell(&self, cause: Cause) {
        match self.reload(cause).await {
            Ok(reloaded) => self.live.load().loaded.notify(&reloaded.to_string()),
            Err(error) => self.live.load().loaded.complain(&self.not_reloaded(&error)),
        }
    }

    /// What is said where the configuration was not loaded again.
    pub(super) fn not_reloaded(&self, error: &anyhow::Error) -> String {
        format!("not reloaded, generation {} stays: {}", self.generation(), causes(error.as_ref()))
    }
}
