//! An engine that does not answer, dies or says no, at each step of a run: the call ends within its time, and
//! says what is known and what is not.

use crate::{
    stand_in::{Ask, Fault, StandIn},
    support::program::Home,
};
use openpista::sandbox::{
    Exit, Keep, Limits,
    docker::{Container, ContainerOutcome, Docker, DockerError, Lost, Step},
};
use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// The time of a call.
const TIME: Duration = Duration::from_secs(2);
/// What a call may take beyond it, for the end of what was begun. Catches hangs only.
const BEYOND: Duration = Duration::from_secs(15);
/// Longer than any of these calls.
const FOREVER: Duration = Duration::from_secs(600);
/// Words of libraries, which no person is to see.
const INNER: &[&str] = &["hyper", "legacy", "os error", "Error in"];

async fn run(engine: &StandIn) -> (Result<ContainerOutcome, DockerError>, Vec<String>) {
    let docker = Docker::new(Some(&engine.host()), "test");
    let keep = Keep { dir: engine.dir().join("spill"), filter: None };
    let told = Mutex::new(vec![]);
    let progress = |text: &str| told.lock().expect("it works").push(text.to_owned());
    let limits = Limits { timeout: TIME, ..Limits::default() };
    let container = Container::new("image:1", vec!["x".into()]);
    let running = docker.run(&container, &limits, &keep, &progress);
    let outcome = tokio::time::timeout(TIME + BEYOND, running).await.expect("the call hangs");
    (outcome, told.into_inner().expect("it works"))
}

/// Waits until no container is there, while removals go on.
async fn gone(engine: &StandIn) -> bool {
    let end = Instant::now() + BEYOND;
    while engine.containers() > 0 && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    engine.containers() == 0
}

fn plain(text: &str) {
    for inner in INNER {
        assert!(!text.contains(inner), "{inner:?} in {text}");
    }
}

#[tokio::test]
async fn what_comes_before_the_start_ends_with_the_time_of_the_call_and_runs_nothing() {
    for ask in [Ask::Version, Ask::Image, Ask::Info, Ask::Create, Ask::Attach] {
        for fault in [Fault::Stalls, Fault::Dies, Fault::Refuses] {
            let engine = StandIn::start(FOREVER, &[(ask, fault)]);
            let error = run(&engine).await.0.unwrap_err();
            let text = error.to_string();
            plain(&text);
            let expected = match (ask, fault) {
                (Ask::Version, _) => matches!(error, DockerError::Unreachable { .. }),
                (_, Fault::Refuses) => {
                    matches!(&error, DockerError::Engine(why) if why == "as the test wants it")
                }
                _ => matches!(error, DockerError::NotRun { .. }),
            };
            assert!(expected, "{ask:?} {fault:?}: {error:?}");
            if matches!(error, DockerError::NotRun { .. }) {
                assert!(text.contains("Nothing was run"), "{text}");
                let stalled = text.contains("did not answer within 2 s");
                assert_eq!(stalled, fault == Fault::Stalls, "{text}");
            }
            assert_eq!(engine.count("/start"), 0, "{ask:?} {fault:?}");
            // What was made is removed as soon as the engine answers.
            if fault != Fault::Dies {
                assert!(gone(&engine).await, "{ask:?} {fault:?}: {:?}", engine.asked());
            }
        }
    }
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_may_have_run_something() {
    for fault in [Fault::Stalls, Fault::Dies] {
        let engine = StandIn::start(FOREVER, &[(Ask::Start, fault)]);
        let error = run(&engine).await.0.unwrap_err();
        plain(&error.to_string());
        let DockerError::Lost(lost) = &error else { panic!("{fault:?}: {error:?}") };
        assert!(matches!(**lost, Lost { step: Step::Start, ran: None, .. }), "{lost:?}");
        assert!(error.to_string().contains("Not known: whether the container openpista-"), "{error}");
    }
    let engine = StandIn::start(FOREVER, &[(Ask::Start, Fault::Refuses)]);
    let error = run(&engine).await.0.unwrap_err();
    assert!(matches!(&error, DockerError::Start(why) if why == "as the test wants it"), "{error:?}");
    assert!(gone(&engine).await);
}

#[tokio::test]
async fn an_engine_that_dies_meanwhile_leaves_what_was_printed_until_then() {
    let engine = StandIn::start(FOREVER, &[(Ask::Wait, Fault::Dies)]);
    let error = run(&engine).await.0.unwrap_err();
    let text = error.to_string();
    plain(&text);
    let DockerError::Lost(lost) = error else { panic!("{error:?}") };
    assert_eq!((lost.stdout.text.as_str(), lost.step), ("begun\n", Step::Wait));
    assert!(lost.ran.is_some_and(|ran| ran < TIME), "{lost:?}");
    for part in ["when the container ran", "Known: the container openpista-", "Not known: whether it went on"]
    {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

/// The time of the container is over although nobody says so.
#[tokio::test]
async fn time_ends_a_run_also_where_the_engine_does_not_help() {
    for ask in [Ask::Wait, Ask::Kill, Ask::Inspect, Ask::Remove] {
        for fault in [Fault::Stalls, Fault::Refuses] {
            let engine = StandIn::start(FOREVER, &[(ask, fault)]);
            let began = Instant::now();
            let outcome = run(&engine).await.0.unwrap_or_else(|error| panic!("{ask:?} {fault:?}: {error}"));
            assert_eq!(
                (outcome.exit, outcome.stdout.text.as_str()),
                (Exit::TimedOut, "begun\n"),
                "{ask:?} {fault:?}"
            );
            assert!(began.elapsed() >= TIME);
        }
    }
}

/// What is known is told, although the engine dies before it could be asked for the rest.
#[tokio::test]
async fn an_end_that_was_told_counts() {
    for ask in [Ask::Inspect, Ask::Remove] {
        for fault in [Fault::Stalls, Fault::Dies, Fault::Refuses] {
            let engine = StandIn::start(Duration::from_millis(200), &[(ask, fault)]);
            let outcome = run(&engine).await.0.unwrap_or_else(|error| panic!("{ask:?} {fault:?}: {error}"));
            assert_eq!(
                (outcome.exit, outcome.stdout.text.as_str()),
                (Exit::Done, "begun\n"),
                "{ask:?} {fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_pull_that_stalls_ends_with_the_call_and_goes_on_for_the_next() {
    let engine = StandIn::start(FOREVER, &[(Ask::Pull, Fault::Stalls)]);
    let docker = Docker::new(Some(&engine.host()), "test");
    let keep = Keep { dir: engine.dir().join("spill"), filter: None };
    let container = Container::new("library/large:1.0", vec!["x".into()]);
    let limits = Limits { timeout: Duration::from_secs(5), ..Limits::default() };
    for _ in 0..2 {
        let told = Mutex::new(vec![]);
        let progress = |text: &str| told.lock().unwrap().push(text.to_owned());
        let running = docker.run(&container, &limits, &keep, &progress);
        let error = tokio::time::timeout(limits.timeout + BEYOND, running)
            .await
            .expect("the call hangs")
            .unwrap_err();
        let text = error.to_string();
        plain(&text);
        assert!(
            matches!(&error, DockerError::Pulling { image, .. } if image == "library/large:1.0"),
            "{error:?}"
        );
        for part in ["after 5 s", "nothing was run", "Downloading a1b2c3", "docker pull library/large:1.0"] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
        let told = told.into_inner().unwrap();
        assert_eq!(told[0], "pulling the image library/large:1.0");
        assert!(told[1..].iter().any(|line| line.ends_with("Downloading a1b2c3")), "{told:?}");
    }
    assert_eq!(engine.count("/images/create"), 1, "one pull for both");
}

/// The built program: what a person reads, and that nothing takes longer than it may.
#[test]
fn the_program_says_it_in_its_own_words() {
    let engine = StandIn::start(FOREVER, &[(Ask::Wait, Fault::Dies)]);
    let home = Home::new().env("DOCKER_HOST", engine.host());
    home.init("pista.sandbox('box', { image = 'image:1' })");
    let code = "local ok, err = pcall(pista.docker.run, { argv = { 'x' } }) \
                return ok, err.kind, err.message, err.data and err.data.stdout";
    let ran = home.run(["eval", code]).ok();
    assert!(
        ran.out.starts_with("false, \"io\", \"pista.docker.run: container.run: the Docker engine "),
        "{ran:?}"
    );
    assert!(ran.out.contains("Not known") && ran.out.trim_end().ends_with("\"begun\\n\""), "{ran:?}");
    plain(&format!("{}{}", ran.out, ran.err));

    // A worker's program is not there in the stand-in: what it was is known all the same.
    let engine = StandIn::start(FOREVER, &[(Ask::Wait, Fault::Dies)]);
    let home = Home::new().env("DOCKER_HOST", engine.host());
    home.init("pista.sandbox('box', { image = 'image:1' })");
    let ran = home.run(["eval", "pista.docker.worker { command = { 'x' } }"]).code(1);
    plain(&ran.err);
    assert!(ran.err.contains("Not known") && !ran.err.contains("No worker ran"), "{ran:?}");

    for (what, code) in [
        ("container", "pista.docker.run { argv = { 'x' }, timeout = 2 }"),
        ("worker", "pista.docker.worker { command = { 'x' }, timeout = 2 }"),
    ] {
        let engine = StandIn::start(FOREVER, &[(Ask::Pull, Fault::Stalls)]);
        let home = Home::new().env("DOCKER_HOST", engine.host());
        home.init("pista.sandbox('box', { image = 'image:1' })");
        let ran = home.run(["eval", code]).code(1).complains([
            "pulling the image image:1",
            "after 2 s",
            "docker pull",
        ]);
        plain(&ran.err);
        assert!(engine.count("/containers/create") == 0, "{what}: {ran:?}");
    }
}
