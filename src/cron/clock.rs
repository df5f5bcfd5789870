//! The clock that jobs go by, as a port: tests bring their own.

use super::timer::Timer;
use crate::domain::BoxFuture;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time, and waits for one.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970 (UTC), by the clock on the wall: it may jump.
    fn now_ms(&self) -> i64;

    /// Waits until the clock on the wall shows `at_ms`. May return early: whoever waits looks again.
    /// One caller at a time.
    fn until(&self, at_ms: i64) -> BoxFuture<'_, ()>;

    /// Waits so long, whatever the clock on the wall shows.
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()>;

    /// Nobody waits for a time any more.
    fn rest(&self) {}
}

/// The machine's clock.
#[derive(Default)]
pub struct SystemClock {
    timer: Timer,
}

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn until(&self, at_ms: i64) -> BoxFuture<'_, ()> {
        Box::pin(self.timer.wait(at_ms))
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn rest(&self) {
        self.timer.stop();
    }
}
