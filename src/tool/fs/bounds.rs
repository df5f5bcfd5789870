//! When to stop looking at files.

use super::FsError;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Tells work on a blocking thread when to stop: when its time is over, or when nobody waits for it.
#[derive(Clone, Debug)]
pub struct Bounds {
    cancelled: Arc<AtomicBool>,
    until: Option<Instant>,
}

/// Cancels the work when dropped.
#[derive(Debug)]
pub(super) struct CancelOnDrop(Arc<AtomicBool>);

impl Bounds {
    /// Stops after `time`.
    pub fn new(time: Duration) -> Self {
        Self { cancelled: Arc::default(), until: Instant::now().checked_add(time) }
    }

    /// Something that stops the work when it is dropped.
    pub(super) fn cancel_on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(Arc::clone(&self.cancelled))
    }

    /// Whether the time is over.
    pub(super) fn late(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// An error when the work shall stop.
    pub(super) fn check(&self) -> Result<(), FsError> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(FsError::Cancelled);
        }
        if self.late() { Err(FsError::Late) } else { Ok(()) }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_stops_when_nobody_waits_or_time_is_over() {
        let bounds = Bounds::new(Duration::MAX);
        let waiting = bounds.cancel_on_drop();
        assert!(bounds.check().is_ok());
        drop(waiting);
        assert!(matches!(bounds.check(), Err(FsError::Cancelled)));
        assert!(matches!(Bounds::new(Duration::ZERO).check(), Err(FsError::Late)));
    }
}
