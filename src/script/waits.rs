//! Time that a call does not answer for: while it waits for what it started and what has a limit of its own (a
//! worker, a command, an agent), its clock stands still.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// What one call has spent waiting so. Seen by the thread that runs it and by whoever waits for it.
#[derive(Debug)]
pub(super) struct Waits {
    state: Mutex<State>,
    /// Whether it waits so now.
    open: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    /// How many such waits are under way, and since when.
    under_way: u32,
    since: Option<Instant>,
    /// What those took that are over.
    over: Duration,
}

thread_local! {
    /// Of the call that is polled.
    static CURRENT: RefCell<Option<Arc<Waits>>> = const { RefCell::new(None) };
}

impl Waits {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), open: watch::Sender::new(false) })
    }

    /// All the time that was waited so, up to now.
    pub(super) fn total(&self) -> Duration {
        let state = self.state();
        state.over + state.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Whether it waits so now.
    pub(super) fn are_open(&self) -> bool {
        self.state().under_way > 0
    }

    /// Tells when that changes.
    pub(super) fn changes(&self) -> watch::Receiver<bool> {
        self.open.subscribe()
    }

    /// Runs `f`, a poll of the call: waits that begin in it are the call's.
    pub(super) fn within<R>(this: Option<&Arc<Self>>, f: impl FnOnce() -> R) -> R {
        struct Restore(Option<Arc<Waits>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.replace(self.0.take());
            }
        }
        let _restore = Restore(CURRENT.replace(this.cloned()));
        f()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        let mut state = self.state();
        state.under_way += 1;
        state.since.get_or_insert_with(Instant::now);
        drop(state);
        self.open.send_replace(true);
    }

    fn end(&self) {
        let mut state = self.state();
        state.under_way = state.under_way.saturating_sub(1);
        if state.under_way == 0
            && let Some(since) = state.since.take()
        {
            state.over += since.elapsed();
            drop(state);
            self.open.send_replace(false);
        }
    }
}

/// The clock of a call stands still as long as this lives.
pub(super) struct Waiting(Option<Arc<Waits>>);

impl Waiting {
    /// For the call that is polled now.
    pub(super) fn begin() -> Self {
        let waits = CURRENT.with_borrow(Clone::clone);
        if let Some(waits) = &waits {
            waits.begin();
        }
        Self(waits)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(waits) = &self.0 {
            waits.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_while_something_is_waited_for_and_once() {
        let waits = Waits::new();
        let step = || std::thread::sleep(Duration::from_millis(20));
        let (one, two) = Waits::within(Some(&waits), || (Waiting::begin(), Waiting::begin()));
        step();
        drop(one);
        assert!(waits.are_open());
        step();
        drop(two);
        assert!(!waits.are_open());
        let total = waits.total();
        assert!(total >= Duration::from_millis(40), "{total:?}");
        step();
        assert_eq!(waits.total(), total);
        // Outside of a call nothing stands still.
        drop(Waiting::begin());
        assert_eq!(waits.total(), total);
    }
}
