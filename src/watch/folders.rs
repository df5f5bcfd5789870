//! Tells when anything happens in directories.

use super::{POLL, SETTLE_AT_MOST};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

/// Watches directories, not what is below them.
pub struct Folders {
    settle: Duration,
    event: Arc<Notify>,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    /// Not everything can be heard.
    deaf: bool,
}

impl Folders {
    /// Watches nothing yet. What happens counts once nothing more has happened for `settle`.
    pub fn new(settle: Duration) -> Self {
        Self { settle, event: Arc::default(), watcher: None, watched: BTreeSet::new(), deaf: false }
    }

    /// Watches these directories and no others.
    pub fn listen(&mut self, wanted: BTreeSet<PathBuf>) {
        if self.watcher.is_none() {
            let event = Arc::clone(&self.event);
            let hear = move |told: notify::Result<Event>| {
                // Reading changes nothing.
                if !told.is_ok_and(|told| matches!(told.kind, EventKind::Access(_))) {
                    event.notify_one();
                }
            };
            self.watcher = notify::recommended_watcher(hear).ok();
        }
        let Some(watcher) = &mut self.watcher else {
            self.deaf = true;
            return;
        };
        self.deaf = false;
        for path in self.watched.difference(&wanted) {
            // It may be gone already.
            let _ = watcher.unwatch(path);
        }
        let mut watched = BTreeSet::new();
        for path in wanted {
            // Again also where it is watched already: another may have taken its place.
            match watcher.watch(&path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    watched.insert(path);
                }
                Err(error) => {
                    tracing::debug!(path = %path.display(), %error, "cannot be watched");
                    self.deaf |= path.is_dir();
                }
            }
        }
        self.watched = watched;
    }

    /// Waits until something has happened, and nothing more for a while. Where not all can be heard, time
    /// passes instead.
    pub async fn changed(&self) {
        if self.deaf {
            let _ = timeout(POLL, self.event.notified()).await;
        } else {
            self.event.notified().await;
        }
        let end = Instant::now() + self.settle * SETTLE_AT_MOST;
        while Instant::now() < end && timeout(self.settle, self.event.notified()).await.is_ok() {}
    }
}
