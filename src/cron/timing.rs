//! When a job is due: pure computation, without a clock.

use super::{
    expression::Expression,
    zone::{Shown, Zone, local, put_back_to, shown},
};
use crate::domain::cron::NEVER;
use std::collections::VecDeque;

/// So many times that are due at once are counted one by one; further ones by an estimate.
const COUNTED: u64 = 10_000;
/// How far back of now the last ones are looked for when there are more.
const RECENT_MS: i64 = 2 * 3_600_000;
/// So many of the times that are due at once are told apart, the last ones: those that may be made
/// up for, one that is in time, and one to note for what was before them.
pub(super) const TOLD: usize = super::decide::MAX_CATCH_UP + 2;

/// A schedule in its zone. All times are milliseconds since 1970 (UTC).
#[derive(Clone, Debug, PartialEq)]
pub enum Timing {
    /// At local times.
    Cron(Box<Expression>, Zone),
    /// Again and again.
    Every {
        /// After so long.
        period_ms: i64,
        /// Counted from here, so that restarts shift nothing.
        anchor_ms: i64,
    },
}

/// Times that are due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// How many.
    pub(super) count: u64,
    /// The last of them, in order.
    pub(super) last: VecDeque<i64>,
}

impl Timing {
    /// The first time after `ms`; [`NEVER`] where there is none.
    ///
    /// A local time that is left out when clocks are put forward is due at the first moment after the
    /// gap, once however many are left out. One that comes twice when they are put back is due the
    /// first time only, unless the expression goes on through the day.
    pub fn next_after(&self, ms: i64) -> i64 {
        match self {
            Self::Cron(expression, zone) => {
                next(expression, zone, ms.div_euclid(1_000)).map_or(NEVER, |s| s.saturating_mul(1_000))
            }
            Self::Every { period_ms, anchor_ms } => anchor_ms
                .saturating_add(((ms - anchor_ms).div_euclid(*period_ms) + 1).saturating_mul(*period_ms)),
        }
    }

    /// The times from `first`, which is one, up to `now`.
    pub(super) fn due(&self, first: i64, now: i64) -> Due {
        let mut due = Due::default();
        let mut at = first;
        if let Self::Every { period_ms, .. } = self
            && first <= now
        {
            let more = (now - first) / period_ms;
            due.count = (more as u64).saturating_sub(TOLD as u64);
            at += due.count as i64 * period_ms;
        }
        let counting = due.count + COUNTED;
        while at <= now {
            if due.count == counting && at < now - RECENT_MS {
                let each = ((at - first) as u64 / COUNTED).max(1);
                due.count += (now - RECENT_MS - at) as u64 / each;
                at = self.next_after(now - RECENT_MS);
                continue;
            }
            due.count += 1;
            if due.last.len() == TOLD {
                due.last.pop_front();
            }
            due.last.push_back(at);
            at = self.next_after(at);
        }
        due
    }
}

fn next(expression: &Expression, zone: &Zone, after: i64) -> Option<i64> {
    let mut from = local(zone, after)?;
    let mut second_round = None;
    if expression.goes_on()
        && let Shown::Twice(first, second) = shown(zone, from)
        && first == after
    {
        // What clocks will show once more is before what they show now, and yet to come.
        let found = expression.next_local(put_back_to(zone, after, second)?, true)?;
        second_round = match shown(zone, found) {
            Shown::Twice(_, second) => Some(second),
            Shown::Once(at) | Shown::Never(Some(at)) => Some(at),
            Shown::Never(None) => None,
        };
    }
    loop {
        from = expression.next_local(from, false)?;
        let at = match shown(zone, from) {
            Shown::Once(at) | Shown::Never(Some(at)) => at,
            Shown::Twice(first, _) if first > after => first,
            Shown::Twice(_, second) if expression.goes_on() => second,
            Shown::Twice(..) | Shown::Never(None) => continue,
        };
        return Some(second_round.map_or(at, |other| other.min(at)));
    }
}
