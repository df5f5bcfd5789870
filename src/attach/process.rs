//! The end of another process.
//!
//! A daemon of this machine that was killed cannot say goodbye, and QUIC is patient: it would be
//! missed after most of a minute. The kernel lets go of its lock at once, also where its process id says
//! nothing here (it may run in another PID namespace).

use std::{
    fs::{File, TryLockError},
    time::Duration,
};

/// How often a lock is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Waits until nobody holds the lock of this file any more.
pub(super) async fn ended(lock: &File) {
    while matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    // Had for a moment only: the next daemon is not to wait for who looks.
    let _ = lock.unlock();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_of_a_lock_is_noticed_and_one_that_is_held_again_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pid");
        let held = File::create(&path).unwrap();
        held.lock().unwrap();
        let seen = File::open(&path).unwrap();
        assert!(tokio::time::timeout(LOOK_EVERY * 2, ended(&seen)).await.is_err(), "it is held");
        std::fs::remove_file(&path).unwrap();
        let next = File::create(&path).unwrap();
        next.lock().unwrap();
        drop(held);
        ended(&seen).await;
    }
}
