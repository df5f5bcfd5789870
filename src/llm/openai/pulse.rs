//! Signs of life of one answer, shared by the connection and the one who waits.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// So many events wait to be taken before more of the connection is read. The library's own queue between
/// the two has no bound.
const MAX_WAITING: usize = 1_000;

/// When something last arrived, and what broke the connection.
#[derive(Debug)]
pub(super) struct Pulse {
    /// Events that were handed on and not taken yet; `None`: nobody takes them any more.
    waiting: watch::Sender<Option<usize>>,
    start: Instant,
    /// Milliseconds after the start, plus one; 0: nothing yet.
    last: AtomicU64,
    done: AtomicBool,
    /// The answer was longer than any may be: it would be so the next time.
    refused: AtomicBool,
    broken: Mutex<Option<String>>,
}

impl Pulse {
    /// Begins now.
    pub(super) fn new() -> Self {
        Self {
            waiting: watch::Sender::new(Some(0)),
            start: Instant::now(),
            last: AtomicU64::new(0),
            done: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            broken: Mutex::new(None),
        }
    }

    pub(super) fn start(&self) -> Instant {
        self.start
    }

    /// Waits until there is room for more events.
    pub(super) async fn room(&self) {
        // The sender is this pulse's own.
        let _ = self.waiting.subscribe().wait_for(|waiting| waiting.is_none_or(|n| n < MAX_WAITING)).await;
    }

    /// Events are handed on.
    pub(super) fn hand_on(&self, events: usize) {
        self.waiting.send_modify(|waiting| *waiting = waiting.map(|n| n + events));
    }

    /// One was taken.
    pub(super) fn take(&self) {
        self.waiting.send_modify(|waiting| *waiting = waiting.map(|n| n.saturating_sub(1)));
    }

    /// Nobody takes any more.
    pub(super) fn leave(&self) {
        self.waiting.send_modify(|waiting| *waiting = None);
    }

    /// Something arrived.
    pub(super) fn beat(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.last.store(now + 1, Ordering::Relaxed);
    }

    /// When something last arrived.
    pub(super) fn last(&self) -> Option<Instant> {
        let last = self.last.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.start + Duration::from_millis(last))
    }

    /// The end mark arrived.
    pub(super) fn done(&self) {
        self.done.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    /// The answer is not taken.
    pub(super) fn refuse(&self, reason: String) {
        self.refused.store(true, Ordering::Relaxed);
        self.broke(reason);
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// The connection broke.
    pub(super) fn broke(&self, reason: String) {
        *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    /// Why the connection broke, if it did.
    pub(super) fn broken(&self) -> Option<String> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
