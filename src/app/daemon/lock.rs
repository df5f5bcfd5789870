//! One daemon for each state directory. The kernel lets go of the lock however a program ends, so
//! a file that a dead one left is no obstacle.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

/// Nothing longer is a process id.
const LONGEST: u64 = 32;
/// From one look at a lock that is held to the next.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// So often a lock that is held is looked at again: somebody may just be looking at it too.
const LOOKS: u32 = 3;

/// The lock, as long as it is kept. Its file goes with it.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another daemon has it.
    #[error("already running, pid {pid}", pid = .0.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string()))]
    Held(Option<u32>),
    /// The file cannot be used.
    #[error("cannot lock {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
}

impl Lock {
    /// Takes the lock, and writes this process's id into its file.
    ///
    /// # Errors
    /// When another program has it, or the file cannot be written.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::File { path: path.to_owned(), source };
        let mut looks = 0;
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)
                .map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if looks < LOOKS => {
                    looks += 1;
                    std::thread::sleep(LOOK_EVERY);
                    continue;
                }
                Err(TryLockError::WouldBlock) => return Err(LockError::Held(pid(&mut file))),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            // Whoever had it may have removed the file in between; then it locks nothing any more.
            if file.metadata().map_err(failed)?.nlink() == 0 {
                continue;
            }
            let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| {
                // Not synced: what a crash of the machine loses names a process that is gone as well.
                writeln!(file, "{}", std::process::id())
            });
            written.map_err(failed)?;
            return Ok(Self { path: path.to_owned(), _file: file });
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still held: nobody else can have put a file there.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The process that holds the lock: `None` where nobody does, `Some(None)` where somebody does who
/// has not said which process it is yet.
pub fn holder(path: &Path) -> Option<Option<u32>> {
    let mut file = File::open(path).ok()?;
    // Shared: two that look at the same time do not take each other for the holder.
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(pid(&mut file)),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

/// Waits until nobody holds the lock of this file, which was opened while somebody did.
pub async fn released(file: &File) {
    while matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_dead_are_no_obstacle() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pid");
        std::fs::write(&path, "4194304999 this is no pid").unwrap();
        assert_eq!(holder(&path), None, "a file is no lock");
        let lock = Lock::take(&path).unwrap();
        assert_eq!(holder(&path), Some(Some(std::process::id())));
        match Lock::take(&path) {
            Err(LockError::Held(pid)) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(lock);
        assert!(!path.exists());
        drop(Lock::take(&path).unwrap());
    }
}
