//! Which running program a turn belongs to.
//!
//! A program that runs turns holds a lock on `run/<instance>.lock` beside the database. The kernel
//! lets go of it however the program ends, so a lock that can be had means that its owner is dead.
//! A process id alone could not say that: ids are used again.

use super::error::Fault;
use crate::domain::store::StoreError;
use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// This program as an owner of turns, able to look at the others.
pub(super) struct Owner {
    run: PathBuf,
    instance: String,
    held: Option<File>,
}

impl Owner {
    /// An owner that holds nothing yet. `database` is the file that the turns are in.
    pub(super) fn new(database: &Path, instance: String) -> Self {
        Self { run: database.with_file_name("run"), instance, held: None }
    }

    /// The id that turns are marked with.
    pub(super) fn instance(&self) -> &str {
        &self.instance
    }

    /// Takes the lock, the first time; removes the files that dead programs left.
    pub(super) fn hold(&mut self) -> Result<(), Fault> {
        if self.held.is_none() {
            let path = self.file(&self.instance);
            let lock = take(&self.run, &path).map_err(|e| unavailable(&path, &e))?;
            self.held = Some(lock);
            self.sweep();
        }
        Ok(())
    }

    /// Whether the program `instance` is running. The file of one that is not gets removed.
    ///
    /// To be asked within a write transaction: two programs that look at the same file at once
    /// would each take the other for its owner.
    pub(super) fn alive(&self, instance: &str) -> bool {
        if instance == self.instance {
            return self.held.is_some();
        }
        // The id names a file that may get removed: take nothing but what we generate.
        let ours = !instance.is_empty() && instance.bytes().all(|b| b.is_ascii_alphanumeric());
        ours && locked(&self.file(instance))
    }

    fn sweep(&self) {
        let own = self.file(&self.instance);
        let Ok(entries) = std::fs::read_dir(&self.run) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|e| e == "lock") && path != own {
                locked(&path);
            }
        }
    }

    fn file(&self, instance: &str) -> PathBuf {
        self.run.join(format!("{instance}.lock"))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if self.held.is_some() {
            // Before the lock goes: nobody else may remove it now, so nobody else can have made it.
            let _ = std::fs::remove_file(self.file(&self.instance));
        }
    }
}

/// Whether the program `instance` seems to be running: a look that changes nothing, for lists.
pub(super) fn seen_alive(database: &Path, instance: &str) -> bool {
    let path = database.with_file_name("run").join(format!("{instance}.lock"));
    // Shared, so that two who look at once do not take each other for the owner.
    match File::open(path) {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    }
}

/// A full disk, say: trying again later helps.
fn unavailable(path: &Path, error: &io::Error) -> Fault {
    let (path, message) = (path.display().to_string(), format!("cannot be locked: {error}"));
    StoreError::Unavailable { path, message }.into()
}

fn take(run: &Path, path: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(run)?;
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
