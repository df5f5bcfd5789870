//! Time zones: what clocks in them show when.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;
use std::{fmt, sync::Arc};

/// How far around a moment the offsets that could hold at it are looked for. Clocks have been put
/// forward by a whole day.
const AROUND: i64 = 48 * 3_600;
/// How often in that time.
const EVERY: usize = 6 * 3_600;

/// A time zone.
#[derive(Clone, Debug, PartialEq)]
pub enum Zone {
    /// By its IANA name; the rules come with this program.
    Named(Tz),
    /// By rules of this machine: a file, or a text such as `JST-9`.
    Rules(Arc<Rules>),
}

/// The rules of a zone.
#[derive(Debug, PartialEq)]
pub struct Rules {
    /// What it is called here: the IANA name where it is known, else what gave the rules.
    name: String,
    zone: tz::TimeZone,
}

impl From<Tz> for Zone {
    fn from(zone: Tz) -> Self {
        Self::Named(zone)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Zone {
    /// UTC.
    pub const UTC: Self = Self::Named(Tz::UTC);

    /// By the content of a time zone file. `None`: it is none.
    pub(super) fn from_file(name: &str, bytes: &[u8]) -> Option<Self> {
        let zone = tz::TimeZone::from_tz_data(bytes).ok()?;
        Some(Self::Rules(Arc::new(Rules { name: name.to_owned(), zone })))
    }

    /// The same rules under another name.
    pub(super) fn called(self, name: &str) -> Self {
        match self {
            Self::Rules(rules) => {
                Self::Rules(Arc::new(Rules { name: name.to_owned(), zone: rules.zone.clone() }))
            }
            named => named,
        }
    }

    /// Its name, for people and to tell it from others.
    pub fn name(&self) -> &str {
        match self {
            Self::Named(zone) => zone.name(),
            Self::Rules(rules) => &rules.name,
        }
    }

    /// How far its clocks are ahead of UTC at `at`, in seconds; `at` is in seconds since 1970.
    pub fn ahead(&self, at: i64) -> i64 {
        match self {
            Self::Named(zone) => match DateTime::from_timestamp(at, 0) {
                Some(at) => i64::from(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()),
                None => 0,
            },
            // Fails only for times that no clock shows.
            Self::Rules(rules) => {
                rules.zone.find_local_time_type(at).map_or(0, |kind| i64::from(kind.ut_offset()))
            }
        }
    }

    /// The same as an offset of chrono's.
    pub fn offset(&self, at: i64) -> FixedOffset {
        let ahead = i32::try_from(self.ahead(at)).ok();
        // No zone is a whole day ahead.
        ahead.and_then(FixedOffset::east_opt).unwrap_or_else(|| chrono::Utc.fix())
    }

    /// The first moment at which clocks show `local`, in seconds since 1970; `None`: they jump over it.
    pub fn earliest(&self, local: NaiveDateTime) -> Option<i64> {
        match shown(self, local) {
            Shown::Once(at) | Shown::Twice(at, _) => Some(at),
            Shown::Never(_) => None,
        }
    }
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
pub(super) fn shown(zone: &Zone, local: NaiveDateTime) -> Shown {
    let local = local.and_utc().timestamp();
    let around = (local.saturating_sub(AROUND)..=local.saturating_add(AROUND)).step_by(EVERY);
    let mut offsets: Vec<i64> = around.map(|at| zone.ahead(at)).collect();
    offsets.sort_unstable();
    offsets.dedup();
    // The further ahead, the earlier.
    let mut times =
        offsets.iter().rev().map(|ahead| local - ahead).filter(|at| zone.ahead(*at) == local - at);
    match (times.next(), times.next()) {
        (Some(first), Some(second)) => Shown::Twice(first, second),
        (Some(at), None) => Shown::Once(at),
        (None, _) => Shown::Never(jump_over(zone, local)),
    }
}

/// The moment at which clocks jump over `local`, which they never show.
fn jump_over(zone: &Zone, local: i64) -> Option<i64> {
    let (mut before, mut after) = (local.checked_sub(AROUND)?, local.checked_add(AROUND)?);
    let is_before = |at: i64| at + zone.ahead(at) < local;
    if !is_before(before) || is_before(after) {
        return None;
    }
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if is_before(middle) { before = middle } else { after = middle }
    }
    Some(after)
}

/// What clocks show at `at`.
pub(super) fn local(zone: &Zone, at: i64) -> Option<NaiveDateTime> {
    Some(DateTime::from_timestamp(at.checked_add(zone.ahead(at))?, 0)?.naive_utc())
}

/// What clocks are put back to after `from` and before `to`, between which they are put back.
pub(super) fn put_back_to(zone: &Zone, from: i64, to: i64) -> Option<NaiveDateTime> {
    let before = zone.ahead(from);
    let (mut low, mut high) = (from, to);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if zone.ahead(middle) == before { low = middle } else { high = middle }
    }
    local(zone, high)
}

/// A time as clocks in `zone` show it, `2026-11-25 08:00:00 +09:00`. `ms` is since 1970 (UTC).
pub fn shown_time(ms: i64, zone: &Zone) -> Option<String> {
    let time = DateTime::from_timestamp_millis(ms)?;
    let time = time.with_timezone(&zone.offset(time.timestamp()));
    Some(time.format("%Y-%m-%d %H:%M:%S %:z").to_string())
}
