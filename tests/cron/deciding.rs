//! What is decided about a job at a given time.

use chrono_tz::Tz;
use openpista::{
    cron::{Decision, Expression, GRACE_MS, MAX_ATTEMPTS, MAX_CATCH_UP, Timing, decide},
    domain::{
        cron::{MissedSlots, PastSlot, PlannedRun},
        plan::Missed,
    },
};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn daily() -> Timing {
    Timing::Cron(Box::new(Expression::parse("0 8 * * *").unwrap()), Tz::UTC.into())
}

/// Eight o'clock on the n-th day of 1970.
fn eight(day: i64) -> i64 {
    day * DAY + 8 * HOUR
}

fn every(seconds: i64) -> Timing {
    Timing::Every { period_ms: seconds * 1_000, anchor_ms: 0 }
}

fn run(slot_ms: i64, missed: u64, in_time: bool) -> PlannedRun {
    PlannedRun { slot_ms, missed, attempt: 1, in_time }
}

#[test]
fn before_its_time_nothing_is_done() {
    assert_eq!(decide(eight(5) - 1, eight(5), &[], &daily(), Missed::All), None);
}

#[test]
fn in_time_it_runs() {
    let expected = Decision { next_ms: eight(6), runs: vec![run(eight(5), 0, true)], missed: None };
    for late in [0, 1, 13_000, GRACE_MS] {
        for policy in [Missed::Skip, Missed::Once, Missed::All] {
            assert_eq!(decide(eight(5) + late, eight(5), &[], &daily(), policy), Some(expected.clone()));
        }
    }
}

#[test]
fn after_48_hours_each_policy_does_what_it_says() {
    // Due on the fifth; found on the seventh, in the afternoon: three were missed.
    let now = eight(7) + 5 * HOUR;
    let decided = |policy| decide(now, eight(5), &[], &daily(), policy).unwrap();
    let missed = |count, last_ms| Some(MissedSlots { count, last_ms });
    assert_eq!(
        decided(Missed::Skip),
        Decision { next_ms: eight(8), runs: vec![], missed: missed(3, eight(7)) }
    );
    assert_eq!(
        decided(Missed::Once),
        Decision { next_ms: eight(8), runs: vec![run(eight(7), 3, false)], missed: None }
    );
    let all = vec![run(eight(5), 1, false), run(eight(6), 1, false), run(eight(7), 1, false)];
    assert_eq!(decided(Missed::All), Decision { next_ms: eight(8), runs: all, missed: None });
    // Found just when it is time again.
    let decided = |policy| decide(eight(7), eight(5), &[], &daily(), policy).unwrap();
    let now = run(eight(7), 0, true);
    assert_eq!(
        decided(Missed::Skip),
        Decision { next_ms: eight(8), runs: vec![now], missed: missed(2, eight(6)) }
    );
    assert_eq!(
        decided(Missed::Once),
        Decision { next_ms: eight(8), runs: vec![run(eight(7), 2, true)], missed: None }
    );
    let all = vec![run(eight(5), 1, false), run(eight(6), 1, false), now];
    assert_eq!(decided(Missed::All), Decision { next_ms: eight(8), runs: all, missed: None });
}

#[test]
fn what_is_stored_already_is_not_taken_again() {
    let now = eight(7) + 5 * HOUR;
    let past = |slot_ms, attempt, interrupted| PastSlot { slot_ms, attempt, interrupted };
    let decided = |past: &[PastSlot]| decide(now, eight(5), past, &daily(), Missed::All).unwrap().runs;
    assert_eq!(decided(&[past(eight(6), 1, false)]), [run(eight(5), 1, false), run(eight(7), 1, false)]);
    // What was cut off is tried again, not for ever.
    let again = PlannedRun { attempt: 2, ..run(eight(5), 1, false) };
    let others = [past(eight(6), 1, false), past(eight(7), 1, false)];
    assert_eq!(decided(&[&[past(eight(5), 1, true)], &others[..]].concat()), [again]);
    assert_eq!(decided(&[&[past(eight(5), 1, true), past(eight(5), 2, false)], &others[..]].concat()), []);
    assert_eq!(decided(&[&[past(eight(5), MAX_ATTEMPTS, true)], &others[..]].concat()), []);
    let all = [past(eight(5), 1, false), others[0], others[1]];
    for policy in [Missed::Skip, Missed::Once, Missed::All] {
        let expected = Decision { next_ms: eight(8), ..Decision::default() };
        assert_eq!(decide(now, eight(5), &all, &daily(), policy), Some(expected));
    }
}

#[test]
fn many_are_bounded() {
    let now = 2 * DAY + 500;
    let decision = decide(now, 1_000, &[], &every(1), Missed::All).unwrap();
    let count = 2 * 86_400;
    assert_eq!(decision.runs.len(), MAX_CATCH_UP + 1);
    assert_eq!(decision.runs.last(), Some(&run(2 * DAY, 0, true)));
    assert_eq!(decision.runs[0].slot_ms, 2 * DAY - 100 * 1_000);
    let noted = decision.missed.unwrap();
    assert_eq!((noted.count, noted.last_ms), (count - 101, 2 * DAY - 101 * 1_000));
    assert_eq!(decision.next_ms, 2 * DAY + 1_000);
    // An expression is counted by an estimate, and the last ones are found none the less.
    let each_second = Timing::Cron(Box::new(Expression::parse("* * * * * *").unwrap()), Tz::UTC.into());
    let decision = decide(now, 1_000, &[], &each_second, Missed::Once).unwrap();
    assert_eq!(decision.runs.len(), 1);
    assert_eq!((decision.runs[0].slot_ms, decision.runs[0].in_time), (2 * DAY, true));
    let counted = decision.runs[0].missed;
    assert!(counted.abs_diff(count) < count / 100, "{counted}");
}

#[test]
fn a_clock_that_is_put_back_runs_nothing_twice() {
    // Taken up to the fifth; now it is the fifth again, seven o'clock, or the fourth.
    assert_eq!(decide(eight(5) - HOUR, eight(6), &[], &daily(), Missed::All), None);
    assert_eq!(decide(eight(4) + HOUR, eight(6), &[], &daily(), Missed::All), None);
    // It was years ahead: that was wrong, and jobs do not wait for years.
    let expected = Decision { next_ms: eight(6), ..Decision::default() };
    assert_eq!(decide(eight(5) + 1, eight(3_000), &[], &daily(), Missed::All), Some(expected));
}

#[test]
fn rare_jobs_do_not_look_like_a_wrong_clock() {
    let leap = Timing::Cron(Box::new(Expression::parse("0 0 29 2 *").unwrap()), Tz::UTC.into());
    let next = leap.next_after(0);
    assert!(next > 700 * DAY);
    assert_eq!(decide(1, next, &[], &leap, Missed::Once), None);
}
