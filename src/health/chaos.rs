//! Deliberate faults, for tests of the supervision.
//!
//! A build with debug assertions panics at the points that the environment variable `OPENPISTA_CHAOS` names:
//! `delivery:2,poll:1` panics at the first two passes of the point `delivery` and the first of `poll`. Tests in
//! the same process may also watch the commits of a database. Release builds have no such points.

use std::path::Path;

/// A point at which tests may have the program panic.
#[inline]
pub fn point(name: &str) {
    #[cfg(debug_assertions)]
    armed::pass(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// A transaction of the database at `path` is about to begin.
#[inline]
pub fn commit(path: &Path) {
    #[cfg(debug_assertions)]
    armed::commit(path);
    #[cfg(not(debug_assertions))]
    let _ = path;
}

#[cfg(debug_assertions)]
pub use armed::watch_commits;

#[cfg(debug_assertions)]
mod armed {
    use std::{
        collections::HashMap,
        path::{Path, PathBuf},
        sync::{Mutex, OnceLock, PoisonError},
    };

    type Watcher = Box<dyn FnMut() + Send>;

    /// Who watches the commits of which database.
    static WATCHERS: Mutex<Option<HashMap<PathBuf, Watcher>>> = Mutex::new(None);

    /// From now on `watcher` is called before each transaction of the database at `path`.
    pub fn watch_commits(path: &Path, watcher: impl FnMut() + Send + 'static) {
        let mut watchers = WATCHERS.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.get_or_insert_default().insert(path.to_owned(), Box::new(watcher));
    }

    pub(super) fn commit(path: &Path) {
        let mut watchers = WATCHERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watcher) = watchers.as_mut().and_then(|watchers| watchers.get_mut(path)) {
            watcher();
        }
    }

    /// How often each point still panics.
    static LEFT: OnceLock<Mutex<HashMap<String, u32>>> = OnceLock::new();

    fn from_environment() -> Mutex<HashMap<String, u32>> {
        let wanted = std::env::var("OPENPISTA_CHAOS").unwrap_or_default();
        let points = wanted.split(',').filter_map(|point| {
            let (name, times) = point.split_once(':')?;
            Some((name.trim().to_owned(), times.trim().parse().ok()?))
        });
        Mutex::new(points.collect())
    }

    pub(super) fn pass(name: &str) {
        let points = LEFT.get_or_init(from_environment);
        let panics = {
            let mut points = points.lock().unwrap_or_else(PoisonError::into_inner);
            match points.get_mut(name) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                _ => false,
            }
        };
        assert!(!panics, "chaos at {name}");
    }
}
