//! Time, as stored.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Milliseconds since 1970 (UTC); 0 on a clock that is set before.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The last midnight (UTC) at or before `ms`.
pub(super) fn midnight(ms: i64) -> i64 {
    ms - ms.rem_euclid(DAY_MS)
}
