//! When to try again, and after how long.

use super::backend::{AttemptError, FailureKind};
use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

/// How stubborn the router is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many more times the same model is tried.
    pub retries: u32,
    /// The longest wait, also when a server asks for more.
    pub max_wait: Duration,
    /// The first wait; each further one is twice as long. Up to half of it is left to chance.
    pub first_wait: Duration,
}

impl RetryPolicy {
    /// Default of [`Self::retries`].
    pub const RETRIES: u32 = 2;
    /// Default of [`Self::max_wait`].
    pub const MAX_WAIT: Duration = Duration::from_secs(30);
    /// Default of [`Self::first_wait`].
    pub const FIRST_WAIT: Duration = Duration::from_millis(500);

    /// The wait before the next try of the same model, or `None` when there is none. `done` tries
    /// came before; `last` says that no other model is left.
    pub(super) fn wait(&self, error: &AttemptError, done: u32, last: bool) -> Option<Duration> {
        let retries = match error.kind {
            FailureKind::Transient => self.retries,
            // A deadline was spent already; once more only when there is nothing else.
            FailureKind::TimedOut if last => self.retries.min(1),
            _ => 0,
        };
        if done >= retries {
            return None;
        }
        match error.retry_after {
            Some(asked) => (asked <= self.max_wait).then_some(asked),
            None => Some(self.back_off(done).min(self.max_wait)),
        }
    }

    /// Whether the server asks for a longer wait than is granted.
    pub(super) fn refuses(&self, error: &AttemptError) -> bool {
        error.kind == FailureKind::Transient && error.retry_after.is_some_and(|asked| asked > self.max_wait)
    }

    fn back_off(&self, done: u32) -> Duration {
        let full = self.first_wait.saturating_mul(2u32.saturating_pow(done)).min(self.max_wait);
        full.mul_f64(0.5 + chance() / 2.0)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { retries: Self::RETRIES, max_wait: Self::MAX_WAIT, first_wait: Self::FIRST_WAIT }
    }
}

/// A number from 0 to 1, different for each call; good enough to keep clients out of step.
fn chance() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_in_bounds() {
        let policy = RetryPolicy::default();
        let error = AttemptError::transient("x");
        for _ in 0..50 {
            let waits = [0, 1].map(|done| policy.wait(&error, done, true).expect("a retry"));
            assert!((250..=500).contains(&waits[0].as_millis()), "{waits:?}");
            assert!((500..=1000).contains(&waits[1].as_millis()), "{waits:?}");
        }
        assert_eq!(policy.wait(&error, 2, true), None);
    }

    #[test]
    fn the_server_decides_within_the_limit() {
        let policy = RetryPolicy::default();
        let asks = |secs| AttemptError {
            retry_after: Some(Duration::from_secs(secs)),
            ..AttemptError::transient("slow down")
        };
        assert_eq!(policy.wait(&asks(30), 0, true), Some(Duration::from_secs(30)));
        assert_eq!(policy.wait(&asks(31), 0, true), None);
        assert!(policy.refuses(&asks(31)) && !policy.refuses(&asks(30)));
    }

    #[test]
    fn refusals_are_final_and_deadlines_nearly() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.wait(&AttemptError::refused("no"), 0, true), None);
        let late = AttemptError::new(FailureKind::TimedOut, "late");
        assert_eq!(policy.wait(&late, 0, false), None);
        assert!(policy.wait(&late, 0, true).is_some());
        assert_eq!(policy.wait(&late, 1, true), None);
    }
}
