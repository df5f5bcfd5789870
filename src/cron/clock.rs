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

/// So long before a time the timer is set, which looks at the clock twice a second.
const NEAR: Duration = Duration::from_secs(5);
/// Until then the clock is looked at so often, should it be put forward or the machine sleep.
const LOOK: Duration = Duration::from_secs(60);

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
        Box::pin(async move {
            let ahead = u64::try_from(at_ms.saturating_sub(self.now_ms())).unwrap_or(0);
            let ahead = Duration::from_millis(ahead);
            if ahead <= NEAR {
                return self.timer.wait(at_ms).await;
            }
            self.timer.stop();
            tokio::time::sleep((ahead - NEAR).min(LOOK)).await;
        })
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn rest(&self) {
        self.timer.stop();
    }
}
