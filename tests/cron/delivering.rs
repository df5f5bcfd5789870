//! What becomes of the text that a run gives.

use crate::bench_of_time::{HandClock, MINUTE, MONDAY, Notes, Program, job, until};
use openpista::{
    cron::{DELIVERY_WAITS, Undelivered},
    domain::{cron::RunState, plan::CronSpec},
};

fn failure(again: bool) -> Undelivered {
    Undelivered { message: "nobody is there".into(), again }
}

fn with_address() -> CronSpec {
    CronSpec { to: Some("telegram:1".into()), ..job("0 0 * * *") }
}

async fn started(failures: Vec<Undelivered>) -> (tempfile::TempDir, std::sync::Arc<Notes>, Program) {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY - MINUTE), Notes::quick());
    *work.failures.lock().unwrap() = failures;
    let program = Program::start(dir.path(), &clock);
    program.apply([with_address()], &work).await;
    program.pass(MINUTE).await;
    assert_eq!(program.ended(1).await, [(MONDAY, RunState::Ok)]);
    (dir, work, program)
}

#[tokio::test]
async fn it_goes_to_the_address_of_the_job() {
    let (_dir, work, program) = started(vec![]).await;
    until("it is delivered", async || !work.delivered.lock().unwrap().is_empty()).await;
    assert_eq!(*work.delivered.lock().unwrap(), [("telegram:1".to_owned(), "done".to_owned())]);
    until("it is noted", async || program.runs().await[0].delivery_error.is_none()).await;
    assert_eq!(program.runs().await[0].output.as_deref(), Some("done"));
    program.stop().await;
}

#[tokio::test]
async fn it_is_tried_again_a_few_times() {
    let (_dir, work, program) = started(vec![failure(true); DELIVERY_WAITS.len()]).await;
    assert_eq!(program.runs().await[0].delivery_error.as_deref(), Some("not delivered yet"));
    until("it is delivered", async || {
        program.pass(MINUTE).await;
        !work.delivered.lock().unwrap().is_empty()
    })
    .await;
    until("it is noted", async || program.runs().await[0].delivery_error.is_none()).await;
    program.stop().await;
}

#[tokio::test]
async fn that_it_failed_is_noted() {
    for failures in [vec![failure(true); 20], vec![failure(false)]] {
        let (_dir, work, program) = started(failures.clone()).await;
        until("it is given up", async || {
            program.pass(MINUTE).await;
            program.runs().await[0].delivery_error.as_deref() == Some("nobody is there")
        })
        .await;
        let tries = failures.len() - work.failures.lock().unwrap().len();
        assert_eq!(tries, if failures.len() == 1 { 1 } else { 1 + DELIVERY_WAITS.len() });
        program.stop().await;
    }
}
