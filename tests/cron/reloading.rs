//! What becomes of jobs when the configuration is loaded again.

use crate::bench_of_time::{
    CONFIG, DAY, HOUR, HandClock, MINUTE, MONDAY, Notes, Program, SECOND, job, until,
};
use openpista::domain::{
    cron::{CronStore, RunState},
    plan::{CronSpec, Missed, Overlap},
};

async fn next(program: &Program) -> Vec<i64> {
    program.memory.jobs(CONFIG).await.unwrap().iter().map(|job| job.next_ms).collect()
}

#[tokio::test]
async fn the_same_schedule_keeps_its_time() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    program.apply([job("every 10m")], &work).await;
    // Neither a reload in between nor a restart shifts it.
    program.pass(7 * MINUTE).await;
    program.apply([CronSpec { timeout: std::time::Duration::from_secs(1), ..job("every 10m") }], &work).await;
    assert_eq!(next(&program).await, [MONDAY + 10 * MINUTE]);
    program.pass(4 * MINUTE).await;
    program.ended(1).await;
    program.stop().await;
    let program = Program::start(dir.path(), &HandClock::at(MONDAY + 15 * MINUTE));
    program.apply([job("every 10m")], &work).await;
    assert_eq!(next(&program).await, [MONDAY + 20 * MINUTE]);
    program.pass(5 * MINUTE).await;
    program.ended(2).await;
    assert_eq!(work.slots(), [10, 20].map(|n| MONDAY + n * MINUTE));
    program.stop().await;
}

#[tokio::test]
async fn a_changed_schedule_begins_anew_and_makes_up_for_nothing() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY + 7 * HOUR), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    let at = |time| CronSpec { missed: Missed::All, ..job(time) };
    program.apply([at("0 8 * * *")], &work).await;
    program.apply([at("30 6 * * *")], &work).await;
    assert_eq!(next(&program).await, [MONDAY + DAY + 6 * HOUR + 30 * MINUTE]);
    // Another zone is another schedule.
    program.apply([CronSpec { tz: Some("Asia/Seoul".into()), ..at("30 6 * * *") }], &work).await;
    assert_eq!(next(&program).await, [MONDAY + 21 * HOUR + 30 * MINUTE]);
    program.pass(2 * HOUR).await;
    assert!(work.slots().is_empty());
    program.stop().await;
}

#[tokio::test]
async fn a_job_that_is_gone_is_not_run_and_forgotten() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY), Notes::slow());
    let program = Program::start(dir.path(), &clock);
    let queued = CronSpec { overlap: Overlap::Queue, missed: Missed::All, ..job("* * * * *") };
    program.apply([queued.clone()], &work).await;
    program.pass(MINUTE).await;
    program.pass(MINUTE).await;
    let waits = clock.waits();
    program.apply([], &work).await;
    assert!(next(&program).await.is_empty());
    // The run under way ends, what waited is left out, and nothing wakes up any more.
    work.may_end.add_permits(5);
    assert_eq!(
        program.ended(2).await,
        [(MONDAY + MINUTE, RunState::Ok), (MONDAY + 2 * MINUTE, RunState::Skipped)]
    );
    assert_eq!(clock.waits(), waits);
    // There again, it makes up for nothing that was before.
    program.apply([queued], &work).await;
    assert_eq!(next(&program).await, [MONDAY + 3 * MINUTE]);
    program.stop().await;
}

#[tokio::test]
async fn a_run_under_way_ends_with_what_it_began_with() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY));
    let (old, new) = (Notes::slow(), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    program.apply([job("* * * * *")], &old).await;
    program.pass(MINUTE).await;
    until("it runs", async || !old.slots().is_empty()).await;
    program.apply([job("* * * * *")], &new).await;
    // It still counts as running.
    program.pass(MINUTE).await;
    old.may_end.add_permits(1);
    until("it ended", async || old.ended.lock().unwrap().len() == 1).await;
    program.pass(MINUTE).await;
    program.ended(3).await;
    assert_eq!((old.slots(), new.slots()), (vec![MONDAY + MINUTE], vec![MONDAY + 3 * MINUTE]));
    program.stop().await;
}

#[tokio::test]
async fn without_jobs_nothing_is_done() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    program.apply([], &work).await;
    assert_eq!(clock.waits(), 0);
    program.stop().await;
    assert_eq!(std::fs::read_dir(dir.path().join("run")).map_or(0, Iterator::count), 0);
}

#[tokio::test]
async fn with_a_job_the_clock_is_looked_at_once_a_minute_and_no_more() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    program.apply([job("0 8 * * *")], &work).await;
    let before = clock.waits();
    for _ in 0..100 {
        program.pass(MINUTE + SECOND).await;
    }
    assert_eq!(clock.waits() - before, 100);
    program.stop().await;
}

#[tokio::test]
async fn the_history_is_bounded() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    program.apply([job("* * * * *")], &work).await;
    for n in 1..=230 {
        program.pass(MINUTE).await;
        until("it ran", async || work.ended.lock().unwrap().len() == n).await;
    }
    let runs = program.runs().await;
    assert!((200..=202).contains(&runs.len()), "{}", runs.len());
    assert_eq!(runs.last().unwrap().scheduled_ms, MONDAY + 230 * MINUTE);
    program.stop().await;
}
