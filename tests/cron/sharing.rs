//! Several programs on one database: each time is taken by one of them.

use crate::bench_of_time::{HandClock, MINUTE, MONDAY, Notes, Program, SECOND, job, until};
use openpista::domain::{
    cron::RunState,
    plan::{CronSpec, Overlap},
};
use std::collections::HashSet;

#[tokio::test]
async fn each_time_is_run_by_one_of_them() {
    let (dir, work) = (tempfile::tempdir().unwrap(), Notes::quick());
    let clocks = [0, 1, 2].map(|_| HandClock::at(MONDAY));
    let programs = clocks.each_ref().map(|clock| Program::start(dir.path(), clock));
    for program in &programs {
        program.apply([CronSpec { overlap: Overlap::Queue, ..job("* * * * *") }], &work).await;
    }
    let count = 60;
    for n in 1..=count {
        tokio::join!(programs[0].pass(MINUTE), programs[1].pass(MINUTE), programs[2].pass(MINUTE));
        // One of them may have it waiting for a run of another's; a second later it tries again.
        until("it ran", async || {
            if work.slots().len() < n {
                tokio::join!(programs[0].pass(SECOND), programs[1].pass(SECOND), programs[2].pass(SECOND));
            }
            work.slots().len() >= n
        })
        .await;
    }
    let slots = work.slots();
    assert_eq!(slots.len(), slots.iter().collect::<HashSet<_>>().len(), "a time was run twice");
    assert!(slots.len() >= count);
    let history = programs[0].ended(count).await;
    assert!(history.iter().all(|(_, state)| *state == RunState::Ok), "{history:?}");
    for program in programs {
        program.stop().await;
    }
}

#[tokio::test]
async fn a_run_in_another_program_overlaps_too() {
    let (dir, slow, quick) = (tempfile::tempdir().unwrap(), Notes::slow(), Notes::quick());
    let (first, second) = (HandClock::at(MONDAY), HandClock::at(MONDAY));
    let (a, b) = (Program::start(dir.path(), &first), Program::start(dir.path(), &second));
    a.apply([job("* * * * *")], &slow).await;
    b.apply([job("* * * * *")], &quick).await;
    a.pass(MINUTE).await;
    until("it runs in the one", async || slow.slots().len() == 1).await;
    // The other takes the next time, and leaves it out.
    b.pass(2 * MINUTE).await;
    until("it is left out", async || a.runs().await.len() == 2).await;
    assert_eq!(a.runs().await[1].state, RunState::Skipped);
    assert!(quick.slots().is_empty());
    slow.may_end.add_permits(1);
    a.ended(2).await;
    a.stop().await;
    b.pass(MINUTE).await;
    b.ended(3).await;
    assert_eq!(quick.slots(), [MONDAY + 3 * MINUTE]);
    b.stop().await;
}
