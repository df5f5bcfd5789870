//! Reloading by itself when a file is saved.

use super::{App, Cause, reload};
use crate::watch::{SETTLE, Watcher};
use std::{sync::PoisonError, time::Duration};

impl App {
    /// Watches the configuration from now on, with another settle time than the usual one.
    pub async fn watch(&self, settle: Duration) {
        let mut inputs = self.reloading.inputs.subscribe();
        let mut watcher = Watcher::new(settle, inputs.borrow_and_update().contents().clone());
        let app = self.clone();
        let watching = tokio::spawn(async move {
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
        let mut kept = self.reloading.watching.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = kept.replace(watching) {
            before.abort();
        }
    }

    /// Reloads, and tells the person what came of it.
    pub async fn reload_and_tell(&self, cause: Cause) {
        let told = match self.reload(cause).await {
            Ok(reloaded) => reloaded.to_string(),
            Err(error) => format!("not reloaded, generation {} stays: {error:#}", self.generation()),
        };
        self.live.load().loaded.notify(&told);
    }

    /// Keeps the configuration in force, and watches its files.
    pub(super) async fn follow(&self) {
        let live = self.live.load_full();
        reload::keep(&live.loaded).await;
        self.watch(SETTLE).await;
    }

    /// Watches no more.
    pub(super) fn unfollow(&self) {
        let watching = self.reloading.watching.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(watching) = watching {
            watching.abort();
        }
    }
}
