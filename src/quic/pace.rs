//! How fast wrong guesses are dealt with: one after the other, whoever makes them.
//!
//! Keyed on nothing: neither on an address, which a client can change, nor on anything it says.

use super::limits::FAILURE_LONGEST;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Gives out moments, one every so often.
#[derive(Debug)]
pub(super) struct Pace {
    every: Duration,
    last: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, last: Mutex::new(None) }
    }

    /// When the answer to one more failure is due: one step after the one before it, or after now.
    pub(super) fn after_failure(&self, now: Instant) -> Instant {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.map_or(now, |last| last.max(now)) + self.every;
        // Who floods gets no answers for a while; the time for others does not grow without end.
        let due = due.min(now + FAILURE_LONGEST);
        *last = Some(due);
        due
    }

    /// When one more try may be made: at once, where the last is a step away. `None` when that would
    /// be later than `patience` allows; then the try does not count.
    pub(super) fn before_try(&self, now: Instant, patience: Duration) -> Option<Instant> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.map_or(now, |last| (last + self.every).max(now));
        if due > now + patience {
            return None;
        }
        *last = Some(due);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quic::limits::FAILURE_PACE;

    #[test]
    fn a_hundred_failures_at_once_take_more_than_a_minute() {
        let (pace, now) = (Pace::new(FAILURE_PACE), Instant::now());
        let dues: Vec<Duration> = (0..100).map(|_| pace.after_failure(now) - now).collect();
        assert_eq!(dues[0], FAILURE_PACE, "one slip costs a moment");
        assert!(dues[99] > Duration::from_secs(60), "{:?}", dues[99]);
        assert!(dues.windows(2).all(|pair| pair[1] > pair[0]));
        let later = now + Duration::from_secs(600);
        assert_eq!(pace.after_failure(later) - later, FAILURE_PACE, "and it is forgotten in time");
    }

    #[test]
    fn a_flood_waits_long_and_not_forever() {
        let (pace, now) = (Pace::new(FAILURE_PACE), Instant::now());
        let last = (0..10_000).map(|_| pace.after_failure(now)).last().unwrap();
        assert_eq!(last - now, FAILURE_LONGEST);
    }

    #[test]
    fn tries_queue_within_patience() {
        let (pace, now, step) = (Pace::new(Duration::from_secs(1)), Instant::now(), Duration::from_secs(1));
        assert_eq!(pace.before_try(now, step), Some(now));
        assert_eq!(pace.before_try(now, step), Some(now + step));
        assert_eq!(pace.before_try(now, step), None);
        assert_eq!(pace.before_try(now + step, step), Some(now + 2 * step));
    }
}
