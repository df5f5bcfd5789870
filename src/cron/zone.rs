//! Time zones: which one, and what its clocks show when.

use crate::domain::nearest::nearest;
use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone};
use chrono_tz::{GapInfo, Tz};

/// Finds a zone by its IANA name.
///
/// # Errors
/// A sentence with the nearest name.
pub fn zone(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| {
        let known = chrono_tz::TZ_VARIANTS.iter();
        let same = known.clone().find(|zone| zone.name().eq_ignore_ascii_case(name));
        let hint = same.map(|zone| zone.name()).or_else(|| nearest(name, known.map(|zone| zone.name())));
        let hint = hint.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
        format!("there is no time zone {name:?}: give an IANA name such as \"Europe/Berlin\"{hint}")
    })
}

/// The machine's zone: the variable `TZ` (given here) if it names one, else what the system says,
/// else UTC.
pub fn local_zone(variable: Option<&str>) -> Tz {
    let named = variable.map(|name| name.trim_start_matches(':')).and_then(|name| name.parse().ok());
    let asked = || iana_time_zone::get_timezone().ok()?.parse().ok();
    named.or_else(asked).unwrap_or(Tz::UTC)
}

/// When clocks show a local time. All are seconds since 1970; local ones as if they were UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Once.
    Once(i64),
    /// Twice: they are put back in between.
    Twice(i64, i64),
    /// Never: they jump over it, and go on at this moment.
    Never(Option<i64>),
}

/// When clocks show `local`.
pub(super) fn shown(zone: Tz, local: NaiveDateTime) -> Shown {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Shown::Once(at.timestamp()),
        LocalResult::Ambiguous(first, second) => Shown::Twice(first.timestamp(), second.timestamp()),
        LocalResult::None => {
            let end = GapInfo::new(&local, &zone).and_then(|gap| gap.end);
            Shown::Never(end.map(|end| end.timestamp()))
        }
    }
}

/// What clocks show at `at`.
pub(super) fn local(zone: Tz, at: i64) -> Option<NaiveDateTime> {
    Some(DateTime::from_timestamp(at, 0)?.with_timezone(&zone).naive_local())
}

/// What clocks are put back to after `from` and before `to`, between which they are put back.
pub(super) fn put_back_to(zone: Tz, from: i64, to: i64) -> Option<NaiveDateTime> {
    let ahead = |at| local(zone, at).map(|shown| shown.and_utc().timestamp() - at);
    let before = ahead(from);
    let (mut low, mut high) = (from, to);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if ahead(middle) == before { low = middle } else { high = middle }
    }
    local(zone, high)
}

/// A time as clocks in `zone` show it, `2026-11-25 08:00:00 +09:00`. `ms` is since 1970 (UTC).
pub fn shown_time(ms: i64, zone: Tz) -> Option<String> {
    let time = DateTime::from_timestamp_millis(ms)?.with_timezone(&zone);
    Some(time.format("%Y-%m-%d %H:%M:%S %:z").to_string())
}
