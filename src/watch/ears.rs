//! What the system tells of directories. Where it tells nothing, time passes instead.

use super::{POLL, trail::Trail};
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind},
};
use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsString,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// File systems that others write to without this machine's kernel knowing: NFS, SMB, CIFS, SMB2, FUSE,
/// 9P, Ceph, AFS.
const REMOTE: &[u32] =
    &[0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997, 0x00c3_6400, 0x6b41_4653];

/// What the watching thread leaves for us.
#[derive(Default)]
struct Told {
    event: Notify,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    names: HashSet<OsString>,
    /// Paths that were moved or removed: a watch on them is none any more.
    gone: HashSet<PathBuf>,
    failed: bool,
}

impl Told {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called on the watching thread, for everything that happens in the directories.
    fn hear(&self, event: notify::Result<Event>) {
        let mut state = self.state();
        match event {
            Err(error) => {
                tracing::warn!(%error, "watching failed; the files are read every {POLL:?} instead");
                state.failed = true;
            }
            Ok(event) if event.need_rescan() => {}
            Ok(event) => {
                let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
                let looked = matches!(event.kind, EventKind::Access(_)) && event.kind != written;
                let known = |path: &PathBuf| path.file_name().is_some_and(|name| state.names.contains(name));
                if looked || !event.paths.iter().any(known) {
                    return;
                }
                if matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))) {
                    state.gone.extend(event.paths);
                }
            }
        }
        drop(state);
        self.event.notify_one();
    }
}

/// Hears of what happens in directories.
#[derive(Default)]
pub(super) struct Ears {
    told: Arc<Told>,
    watcher: Option<RecommendedWatcher>,
    /// The directories that are watched, and which ones they were then.
    watched: BTreeMap<PathBuf, (u64, u64)>,
    /// Not everything can be heard.
    deaf: bool,
}

impl Ears {
    /// Listens to these directories and to no other.
    pub(super) fn listen(&mut self, trail: Trail) {
        let (gone, failed) = {
            let mut state = self.told.state();
            state.names = trail.names;
            (std::mem::take(&mut state.gone), std::mem::take(&mut state.failed))
        };
        if failed {
            // Begins anew; until it hears again, time passes.
            self.watcher = None;
            self.watched.clear();
        }
        self.deaf = failed;
        self.watched.retain(|path, id| {
            let wanted = trail.directories.contains(path) || trail.above.contains(path);
            let stays = wanted && !gone.contains(path) && identity(path) == Some(*id);
            if !stays && let Some(watcher) = &mut self.watcher {
                // It may be gone already.
                let _ = watcher.unwatch(path);
            }
            stays
        });
        for path in trail.directories {
            self.deaf |= remote(&path) || !self.hears(path);
        }
        for path in trail.above {
            // Such a directory may be closed to us, and seldom has anything to tell.
            self.hears(path);
        }
    }

    /// Whether a directory is watched, from now on if it was not before.
    fn hears(&mut self, path: PathBuf) -> bool {
        if self.watched.contains_key(&path) {
            return true;
        }
        if self.watcher.is_none() {
            let told = Arc::clone(&self.told);
            self.watcher = notify::recommended_watcher(move |event| told.hear(event)).ok();
        }
        let id = identity(&path);
        let heard = self.watcher.as_mut().map(|watcher| watcher.watch(&path, RecursiveMode::NonRecursive));
        match (heard, id) {
            (Some(Ok(())), Some(id)) => {
                self.watched.insert(path, id);
                true
            }
            (heard, _) => {
                let error = heard.and_then(Result::err).map(|error| error.to_string()).unwrap_or_default();
                tracing::debug!(path = %path.display(), error, "cannot be watched");
                false
            }
        }
    }

    /// Waits for an event; where not all can be heard, at most for [`POLL`].
    pub(super) async fn heard(&self) {
        if self.deaf {
            let _ = tokio::time::timeout(POLL, self.event()).await;
        } else {
            self.event().await;
        }
    }

    /// Waits for an event.
    pub(super) async fn event(&self) {
        self.told.event.notified().await;
    }
}

/// Which directory is at a path now.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(target_os = "linux")]
fn remote(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|found| REMOTE.contains(&(found.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
fn remote(_: &Path) -> bool {
    false
}
