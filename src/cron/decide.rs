//! What to do about a job at a given time: pure, without clock or store.

use super::timing::Timing;
use crate::domain::{
    cron::{MissedSlots, PastSlot, PlannedRun},
    plan::Missed,
};

/// A run that begins so late is in time still. More than the minute after which the clock is looked
/// at in any case: a machine that wakes from sleep finds out no sooner.
pub const GRACE_MS: i64 = 90_000;
/// So many missed times are made up for one by one; of more, the last ones.
pub const MAX_CATCH_UP: usize = 100;
/// A run that is cut off is tried so often in all: it may be what ends the program.
pub const MAX_ATTEMPTS: u32 = 3;
/// A clock that was put back by up to a day runs towards times that were taken already, and they
/// stay taken. One that was put back by more was wrong before: what was taken then counts no more.
pub const TRUSTED_MS: i64 = 86_400_000;

/// What to do about a job now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// When it is due next.
    pub next_ms: i64,
    /// What to run, in order.
    pub runs: Vec<PlannedRun>,
    /// Times that are noted as missed.
    pub missed: Option<MissedSlots>,
}

/// Decides about a job that is due at `next_ms` as stored. `past` are the times from then on that
/// something is stored for. `None`: nothing is to be done now.
pub fn decide(
    now: i64,
    next_ms: i64,
    past: &[PastSlot],
    timing: &Timing,
    policy: Missed,
) -> Option<Decision> {
    if next_ms > now {
        let natural = timing.next_after(now);
        let wrong = next_ms.saturating_sub(natural) > TRUSTED_MS;
        return wrong.then(|| Decision { next_ms: natural, ..Decision::default() });
    }
    let due = timing.due(next_ms, now);
    let mut taken = 0;
    let mut open = Vec::with_capacity(due.last.len());
    for slot_ms in due.last {
        let stored = past.iter().filter(|past| past.slot_ms == slot_ms).max_by_key(|past| past.attempt);
        match stored {
            None => open.push((slot_ms, 1)),
            Some(past) if past.interrupted && past.attempt < MAX_ATTEMPTS => {
                open.push((slot_ms, past.attempt + 1));
            }
            Some(_) => taken += 1,
        }
    }
    let in_time = open.pop_if(|(slot_ms, _)| now - *slot_ms <= GRACE_MS);
    let count = due.count - taken - u64::from(in_time.is_some());
    let mut decision = Decision { next_ms: timing.next_after(now), ..Decision::default() };
    let mut missed_by_this = 0;
    match policy {
        Missed::Skip => decision.missed = noted(count, open.last()),
        Missed::Once if in_time.is_some() => missed_by_this = count,
        Missed::Once => decision.runs.extend(open.last().map(|slot| late(*slot, count))),
        Missed::All => {
            let first = open.len().saturating_sub(MAX_CATCH_UP);
            let run = open.split_off(first);
            decision.missed = noted(count - run.len() as u64, open.last());
            decision.runs.extend(run.into_iter().map(|slot| late(slot, 1)));
        }
    }
    if let Some((slot_ms, attempt)) = in_time {
        decision.runs.push(PlannedRun { slot_ms, missed: missed_by_this, attempt, in_time: true });
    }
    Some(decision)
}

fn late((slot_ms, attempt): (i64, u32), missed: u64) -> PlannedRun {
    PlannedRun { slot_ms, missed, attempt, in_time: false }
}

fn noted(count: u64, last: Option<&(i64, u32)>) -> Option<MissedSlots> {
    last.filter(|_| count > 0).map(|(last_ms, _)| MissedSlots { count, last_ms: *last_ms })
}
