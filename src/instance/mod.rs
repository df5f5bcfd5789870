//! Which programs run: each holds a lock on a file of its own, `<id>.lock`.
//!
//! The kernel lets go of a lock however its program ends, so a lock that can be had means that the program
//! is dead. A process id could not say that: ids are used again, mean something else in another PID
//! namespace, and are not in `/proc` on every system.

mod installation;

pub use installation::installation;

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How the names of lock files end.
const EXTENSION: &str = "lock";

/// This program, as one among those that have their locks in the same directory. The lock goes when this is
/// dropped.
#[derive(Debug)]
pub struct Instance {
    dir: PathBuf,
    id: String,
    held: Mutex<Option<File>>,
}

impl Instance {
    /// An instance that holds no lock yet, of those that have theirs in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self::called(dir, ulid::Ulid::generate().to_string().to_ascii_lowercase())
    }

    /// The same with an id that was made before: letters and digits.
    pub fn called(dir: impl Into<PathBuf>, id: String) -> Self {
        Self { dir: dir.into(), id, held: Mutex::default() }
    }

    /// Where its lock is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What others know it by.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Takes the lock, the first time; removes the files that dead programs left.
    ///
    /// # Errors
    /// When the file cannot be made or locked.
    pub fn hold(&self) -> io::Result<()> {
        let mut held = self.held();
        if held.is_none() {
            let path = self.file(&self.id);
            let named = |error: io::Error| {
                io::Error::new(error.kind(), format!("cannot lock {}: {error}", path.display()))
            };
            *held = Some(take(&self.dir, &path).map_err(named)?);
            self.sweep();
        }
        Ok(())
    }

    /// Whether the program `id` runs. The file of one that does not is removed.
    ///
    /// Two programs that look at the same file at once may each take the other for its owner: who must
    /// know for certain looks within a transaction.
    pub fn alive(&self, id: &str) -> bool {
        if id == self.id {
            return self.held().is_some();
        }
        is_id(id) && locked(&self.file(id))
    }

    fn sweep(&self) {
        let own = self.file(&self.id);
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|e| e == EXTENSION) && path != own {
                locked(&path);
            }
        }
    }

    fn file(&self, id: &str) -> PathBuf {
        file(&self.dir, id)
    }

    fn held(&self) -> MutexGuard<'_, Option<File>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if self.held().is_some() {
            // Before the lock goes: nobody else may remove it now, so nobody else can have made it.
            let _ = std::fs::remove_file(self.file(&self.id));
        }
    }
}

/// Whether the program `id` seems to run: a look that changes nothing, for lists.
pub fn seen_alive(dir: &Path, id: &str) -> bool {
    is_id(id) && seen(&file(dir, id))
}

/// The programs that seem to run.
pub fn all_seen(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let running = entries.filter(|path| path.extension().is_some_and(|e| e == EXTENSION) && seen(path));
    running.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

fn seen(path: &Path) -> bool {
    // Shared, so that two who look at once do not take each other for the owner.
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// The id names a file that may get removed: nothing is taken but what is made here.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn file(dir: &Path, id: &str) -> PathBuf {
    dir.join(format!("{id}.{EXTENSION}"))
}

fn take(dir: &Path, path: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    loop {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        file.lock()?;
        // Between the two lines above, another program may have taken it for a dead one's.
        if file.metadata()?.nlink() > 0 {
            return Ok(file);
        }
    }
}

/// Whether someone holds the lock at `path`; removes the file when nobody does.
fn locked(path: &Path) -> bool {
    let file = match File::open(path) {
        Ok(file) => file,
        // No file, no owner. Any other trouble: better take the owner for alive than answer twice.
        Err(e) => return e.kind() != io::ErrorKind::NotFound,
    };
    match file.try_lock() {
        Ok(()) => {
            if file.metadata().is_ok_and(|m| m.nlink() > 0) {
                let _ = std::fs::remove_file(path);
            }
            false
        }
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_alive_as_long_as_it_holds_its_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (Instance::new(dir.path()), Instance::new(dir.path()));
        assert!(!two.alive(one.id()) && !one.alive(one.id()));
        one.hold().unwrap();
        one.hold().unwrap();
        assert!(two.alive(one.id()) && one.alive(one.id()) && seen_alive(dir.path(), one.id()));
        two.hold().unwrap();
        let mut all = all_seen(dir.path());
        all.sort();
        let mut wanted = [one.id().to_owned(), two.id().to_owned()];
        wanted.sort();
        assert_eq!(all, wanted);
        let id = one.id().to_owned();
        drop(one);
        assert!(
            !two.alive(&id)
                && !seen_alive(dir.path(), &id)
                && !dir.path().join(format!("{id}.lock")).exists()
        );
    }

    #[test]
    fn what_a_dead_one_left_goes_and_foreign_names_are_no_ids() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join("dead.lock");
        std::fs::write(&left, "").unwrap();
        let other = dir.path().join("other.txt");
        std::fs::write(&other, "").unwrap();
        let one = Instance::new(dir.path());
        one.hold().unwrap();
        assert!(!left.exists() && other.exists());
        std::fs::write(dir.path().join("precious"), "").unwrap();
        for name in ["", "../precious", "a b", "pre/cious"] {
            assert!(!one.alive(name) && !seen_alive(dir.path(), name), "{name}");
        }
    }
}
