//! Jobs that take longer than the time between their times.

use crate::bench_of_time::{HandClock, MINUTE, MONDAY, Notes, Program, SECOND, job, until};
use openpista::{
    cron::WorkEnd,
    domain::{
        cron::RunState,
        plan::{CronSpec, Missed, Overlap},
    },
};

#[tokio::test]
async fn skip_leaves_out_what_overlaps() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY), Notes::slow());
    let program = Program::start(dir.path(), &clock);
    program.apply([CronSpec { overlap: Overlap::Skip, ..job("* * * * *") }], &work).await;
    for _ in 0..3 {
        program.pass(MINUTE).await;
    }
    work.may_end.add_permits(1);
    until("the first run ended", async || work.ended.lock().unwrap().len() == 1).await;
    program.pass(MINUTE).await;
    work.may_end.add_permits(1);
    let history = program.ended(4).await;
    let slot = |n| MONDAY + n * MINUTE;
    use RunState::{Ok, Skipped};
    assert_eq!(history, [(slot(1), Ok), (slot(2), Skipped), (slot(3), Skipped), (slot(4), Ok)]);
    assert_eq!(work.slots(), [slot(1), slot(4)]);
    program.stop().await;
}

#[tokio::test]
async fn queue_runs_it_afterwards() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY), Notes::slow());
    let program = Program::start(dir.path(), &clock);
    program.apply([CronSpec { overlap: Overlap::Queue, ..job("* * * * *") }], &work).await;
    for _ in 0..3 {
        program.pass(MINUTE).await;
    }
    let slot = |n| MONDAY + n * MINUTE;
    // One after the other.
    assert_eq!(work.slots(), [slot(1)]);
    work.may_end.add_permits(3);
    let history = program.ended(3).await;
    assert_eq!(history, [1, 2, 3].map(|n| (slot(n), RunState::Ok)));
    assert_eq!(work.slots(), [1, 2, 3].map(slot));
    program.stop().await;
}

#[tokio::test]
async fn jobs_do_not_wait_for_one_another() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY), Notes::slow());
    let program = Program::start(dir.path(), &clock);
    let named = |name: &str| CronSpec { name: name.into(), ..job("* * * * *") };
    program.apply([named("a"), named("b")], &work).await;
    program.pass(MINUTE).await;
    until("both run", async || work.ran.lock().unwrap().len() == 2).await;
    work.may_end.add_permits(2);
    program.ended(2).await;
    program.stop().await;
}

#[tokio::test]
async fn a_queue_that_waits_when_the_program_ends_is_run_by_the_next_where_missed_says_so() {
    for (policy, expected) in [(Missed::Skip, vec![]), (Missed::All, vec![1, 2, 3])] {
        let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY), Notes::slow());
        let spec = CronSpec { overlap: Overlap::Queue, missed: policy, ..job("* * * * *") };
        let program = Program::start(dir.path(), &clock);
        program.apply([spec.clone()], &work).await;
        for _ in 0..3 {
            program.pass(MINUTE).await;
        }
        assert_eq!(work.slots().len(), 1);
        program.stop().await;
        let quick = Notes::quick();
        let program = Program::start(dir.path(), &HandClock::at(MONDAY + 3 * MINUTE + SECOND));
        program.apply([spec], &quick).await;
        program.ended(3).await;
        assert_eq!(
            quick.slots(),
            expected.iter().map(|n| MONDAY + n * MINUTE).collect::<Vec<_>>(),
            "{policy:?}"
        );
        program.stop().await;
    }
}

#[tokio::test]
async fn how_runs_end_is_stored() {
    for (end, state, words) in [
        (WorkEnd::Failed("it broke".into()), RunState::Failed, "it broke"),
        (WorkEnd::TimedOut("too late".into()), RunState::Timeout, "too late"),
        (WorkEnd::Refused("not today".into()), RunState::Skipped, "not today"),
    ] {
        let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY), Notes::ending(end));
        let program = Program::start(dir.path(), &clock);
        program.apply([job("* * * * *")], &work).await;
        program.pass(MINUTE).await;
        program.ended(1).await;
        let runs = program.runs().await;
        assert_eq!((runs[0].state, runs[0].error.as_deref()), (state, Some(words)));
        assert_eq!(*work.ended.lock().unwrap(), [state]);
        program.stop().await;
    }
}
