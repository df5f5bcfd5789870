//! Restarts, gaps, and clocks that jump.

use crate::bench_of_time::{
    CONFIG, DAY, HOUR, HandClock, MINUTE, MONDAY, Notes, Program, SECOND, job, until,
};
use chrono_tz::Tz;
use openpista::domain::{
    cron::{CronStore, RunState},
    plan::{CronSpec, Missed},
};

const EIGHT: i64 = MONDAY + 8 * HOUR;

fn at_eight(missed: Missed) -> CronSpec {
    CronSpec { missed, ..job("0 8 * * *") }
}

#[tokio::test]
async fn a_job_runs_at_its_time_and_once() {
    let (dir, clock, work) =
        (tempfile::tempdir().unwrap(), HandClock::at(EIGHT - 30 * SECOND), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    program.apply([at_eight(Missed::Skip)], &work).await;
    program.pass(29 * SECOND).await;
    assert!(work.slots().is_empty());
    for _ in 0..5 {
        program.pass(30 * SECOND).await;
    }
    assert_eq!(program.ended(1).await, [(EIGHT, RunState::Ok)]);
    assert_eq!(work.slots(), [EIGHT]);
    assert_eq!(program.memory.jobs(CONFIG).await.unwrap()[0].next_ms, EIGHT + DAY);
    program.stop().await;
}

#[tokio::test]
async fn a_restart_around_its_time_neither_loses_nor_doubles_it() {
    let (dir, clock, work) =
        (tempfile::tempdir().unwrap(), HandClock::at(EIGHT - 5 * SECOND), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    program.apply([at_eight(Missed::Skip)], &work).await;
    program.stop().await;
    // Thirteen seconds later.
    let later = HandClock::at(EIGHT + 8 * SECOND);
    for _ in 0..3 {
        let program = Program::start(dir.path(), &later);
        program.apply([at_eight(Missed::Skip)], &work).await;
        assert_eq!(program.ended(1).await, [(EIGHT, RunState::Ok)]);
        program.stop().await;
    }
    assert_eq!(work.slots(), [EIGHT]);
}

#[tokio::test]
async fn after_48_hours_each_policy_does_what_it_says() {
    for (policy, ran, history) in [
        (Missed::Skip, vec![], vec![(EIGHT + DAY, RunState::Missed)]),
        (Missed::Once, vec![(EIGHT + DAY, 2)], vec![(EIGHT + DAY, RunState::Ok)]),
        (
            Missed::All,
            vec![(EIGHT, 1), (EIGHT + DAY, 1)],
            vec![(EIGHT, RunState::Ok), (EIGHT + DAY, RunState::Ok)],
        ),
    ] {
        let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(EIGHT - HOUR), Notes::quick());
        let program = Program::start(dir.path(), &clock);
        program.apply([at_eight(policy)], &work).await;
        program.stop().await;
        let program = Program::start(dir.path(), &HandClock::at(EIGHT - HOUR + 2 * DAY));
        program.apply([at_eight(policy)], &work).await;
        assert_eq!(program.ended(history.len()).await, history, "{policy:?}");
        let seen: Vec<_> =
            work.ran.lock().unwrap().iter().map(|(_, slot, missed, _)| (*slot, *missed)).collect();
        assert_eq!(seen, ran, "{policy:?}");
        program.stop().await;
    }
}

#[tokio::test]
async fn a_clock_that_is_put_back_runs_nothing_again() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(EIGHT - MINUTE), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    program.apply([at_eight(Missed::All)], &work).await;
    program.pass(2 * MINUTE).await;
    assert_eq!(program.ended(1).await, [(EIGHT, RunState::Ok)]);
    program.put(-HOUR).await;
    for _ in 0..70 {
        program.pass(MINUTE).await;
    }
    assert_eq!(work.slots(), [EIGHT]);
    // The next day it is due as ever.
    program.put(DAY - 10 * MINUTE).await;
    until("the second run", async || work.slots() == [EIGHT, EIGHT + DAY]).await;
    program.stop().await;
}

#[tokio::test]
async fn a_clock_that_was_years_ahead_does_not_stop_jobs() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(EIGHT - MINUTE), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    program.apply([at_eight(Missed::Skip)], &work).await;
    program.put(3_650 * DAY + 5 * MINUTE).await;
    program.put(-3_650 * DAY - 5 * MINUTE).await;
    program.pass(MINUTE).await;
    until("it runs", async || work.slots().contains(&EIGHT)).await;
    program.stop().await;
}

#[tokio::test]
async fn what_a_jump_forward_left_out_was_missed() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(EIGHT - HOUR), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    program.apply([CronSpec { missed: Missed::Once, ..job("0 * * * *") }], &work).await;
    // Asleep from seven to a quarter past ten.
    program.put(3 * HOUR + 15 * MINUTE).await;
    let ten = EIGHT + 2 * HOUR;
    assert_eq!(program.ended(1).await, [(ten, RunState::Ok)]);
    assert_eq!(*work.ran.lock().unwrap(), [("job".to_owned(), ten, 3, 1)]);
    program.stop().await;
}

#[tokio::test]
async fn changes_of_the_clocks_in_berlin() {
    let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
    for (from, hours, expected) in [
        (
            at("2026-03-28T00:00:00+01:00"),
            71,
            ["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        ),
        (
            at("2026-10-24T00:00:00+02:00"),
            73,
            ["2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
        ),
    ] {
        let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(from), Notes::quick());
        let program = Program::start(dir.path(), &clock);
        program.apply_in(Tz::Europe__Berlin, [job("30 2 * * *")], &work).await;
        for _ in 0..hours * 60 {
            program.pass(MINUTE).await;
        }
        program.ended(3).await;
        assert_eq!(work.slots(), expected.map(at));
        program.stop().await;
    }
}

#[tokio::test]
async fn a_run_that_the_end_of_the_program_cuts_off_is_tried_again_where_missed_says_so() {
    for (policy, tries) in
        [(Missed::Skip, vec![1]), (Missed::Once, vec![1, 2, 3]), (Missed::All, vec![1, 2, 3])]
    {
        let (dir, work) = (tempfile::tempdir().unwrap(), Notes::slow());
        for restart in 0..5 {
            let clock = HandClock::at(EIGHT - SECOND + restart * 10 * MINUTE);
            let program = Program::start(dir.path(), &clock);
            program.apply([at_eight(policy)], &work).await;
            program.pass(2 * SECOND).await;
            let begun = work.ran.lock().unwrap().len();
            until("it is noted", async || program.runs().await.len() == begun).await;
            program.stop().await;
        }
        let seen: Vec<_> = work.ran.lock().unwrap().iter().map(|(.., attempt)| *attempt).collect();
        assert_eq!(seen, tries, "{policy:?}");
        let program = Program::start(dir.path(), &HandClock::at(EIGHT + HOUR));
        let runs = program.runs().await;
        assert!(runs.iter().all(|run| run.state == RunState::Interrupted), "{runs:#?}");
        assert!(runs[0].error.as_deref().unwrap().contains("the program ended"), "{runs:#?}");
        program.stop().await;
    }
}
