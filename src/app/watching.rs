//! Reloading by itself: when a file is saved, and when the thread of the script has died.

use super::{App, Cause};
use crate::{
    domain::causes::causes,
    health::{TASK_RESTART_FIRST, TASK_RESTART_LONGEST, chaos},
    watch::Watcher,
};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Watches the files of the configuration as long as it is kept.
#[derive(Debug)]
pub struct Watching([JoinHandle<()>; 3]);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl App {
    /// Loads the configuration again whenever a file of it has changed and nothing has happened to any
    /// for `settle`, and when the thread of the script has died. The person is told what came of it; and of
    /// skills that appear, change or go.
    pub fn watch(&self, settle: Duration) -> Watching {
        let tasks = self.tasks();
        let app = self.clone();
        let skills = tasks.spawn("skills", move || app.clone().watch_skills(settle));
        let app = self.clone();
        let files = tasks.spawn("reload", move || app.clone().watch_files(settle));
        let app = self.clone();
        let script = tasks.spawn("lua", move || app.clone().watch_script());
        Watching([files, skills, script])
    }

    async fn watch_files(self, settle: Duration) {
        let mut inputs = self.reloading.inputs.subscribe();
        let mut watcher = Watcher::new(settle, inputs.borrow_and_update().contents().clone());
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
                () = watcher.changed() => {
                    chaos::point("watch");
                    // A reload by command may be under way, which reads the same.
                    self.reloading.quiet().await;
                    if inputs.has_changed().unwrap_or(false) {
                        continue;
                    }
                    self.reload_and_tell(Cause::Save).await;
                }
            }
        }
    }

    /// Begins a new generation whenever the thread of the one in force has ended by itself.
    async fn watch_script(self) {
        let mut wait = TASK_RESTART_FIRST;
        loop {
            let script = self.script();
            let generation = script.generation();
            script.ended().await;
            if self.generation() != generation {
                wait = TASK_RESTART_FIRST;
                continue;
            }
            self.tasks().failed("lua", &"the thread of the script ended", wait);
            // What comes of it is told; a configuration that is broken by now is tried again.
            self.reload_and_tell(Cause::Restart).await;
            if self.generation() == generation {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(TASK_RESTART_LONGEST);
            }
        }
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
