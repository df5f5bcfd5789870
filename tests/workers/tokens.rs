//! The token of a worker: good for one task, for its time, and seen by nobody.

use crate::{
    rig::engine,
    stage::{containers, home, spawn},
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::until,
    },
};
use openpista::{
    quic::{
        Address, Client, ClientError, Target,
        protocol::{Kind, Request, WorkerRequest},
    },
    worker::Door,
};
use serde_json::json;
use std::{process::Command, time::Duration};

/// A request of a worker's.
fn task() -> Request {
    Request::Worker(WorkerRequest { action: "task".into(), body: Default::default() })
}

fn kind(error: &ClientError) -> Option<Kind> {
    match error {
        ClientError::Refused(refusal) => Some(refusal.kind),
        _ => None,
    }
}

#[tokio::test]
async fn a_token_is_checked_at_the_door_and_with_each_request() {
    let dir = tempfile::tempdir().unwrap();
    let door = Door::new(dir.path().join("workers"));
    let (socket, fingerprint) = door.place().await.unwrap();
    let passes = door.passes().await.unwrap();
    let target = Target { address: Address::Unix(socket), fingerprint };
    let life = Duration::from_secs(60);
    let (worker, token) = passes.issue("test", life).unwrap();
    // 256 bits, and none twice.
    assert_eq!(token.expose().len(), "pista_".len() + 43);
    assert_ne!(token, passes.issue("test", life).unwrap().1);
    let client = Client::connect(target.clone(), token.clone()).await.unwrap();
    assert!(client.ask(&Request::Ping {}).await.is_ok());
    // No second connection at the same time.
    let second = Client::connect(target.clone(), token.clone()).await.unwrap_err();
    assert_eq!(kind(&second), Some(Kind::Busy), "{second}");
    // What people may ask, workers may not.
    let error = client.ask(&Request::Status {}).await.unwrap_err();
    assert_eq!(kind(&error), Some(Kind::Forbidden), "{error}");
    // Nobody gave this one a task.
    let error = client.ask(&task()).await.unwrap_err();
    assert_eq!(kind(&error), Some(Kind::Forbidden), "{error}");
    assert!(passes.revoke(&worker));
    let error = client.ask(&Request::Ping {}).await.unwrap_err();
    assert_eq!(kind(&error), Some(Kind::Revoked), "{error}");
    let error = Client::connect(target.clone(), token).await.unwrap_err();
    assert_eq!(kind(&error), Some(Kind::Auth), "an old token: {error}");
    // One whose time is over is as good as none.
    let (late, token) = passes.issue("test", Duration::ZERO).unwrap();
    assert!(!passes.good(&late));
    let error = Client::connect(target, token).await.unwrap_err();
    assert_eq!(kind(&error), Some(Kind::Auth), "{error}");
}

#[test]
fn nobody_sees_it_from_outside() {
    if !engine() {
        return;
    }
    let fake = FakeOpenAi::start([spawn(json!({ "command": ["sleep", "600"] })), Reply::text("done")]);
    let home = home(&fake, "");
    let running = home.start(["run", "--yes", "-e", "go"], "");
    assert!(until(|| containers(&home).len() == 1), "there is no container");
    let id = containers(&home).remove(0);
    let running_now = || {
        let output = Command::new("docker").args(["inspect", "-f", "{{.State.Running}}", &id]).output();
        output.is_ok_and(|output| output.stdout == b"true\n")
    };
    assert!(until(running_now));
    let output = Command::new("docker").args(["inspect", &id]).output().unwrap();
    let inspected = String::from_utf8(output.stdout).unwrap();
    assert!(inspected.contains("worker") && inspected.contains("\"NetworkMode\": \"none\""), "{inspected}");
    assert!(!inspected.contains("pista_") && !inspected.contains("fingerprint"), "{inspected}");
    let top = Command::new("docker").args(["top", &id]).output().unwrap();
    assert!(!String::from_utf8_lossy(&top.stdout).contains("pista_"));
    running.signal("INT");
    running.wait();
    assert!(until(|| containers(&home).is_empty()), "Ctrl-C leaves the worker behind");
}

#[test]
fn what_runs_in_a_worker_cannot_read_it() {
    if !engine() {
        return;
    }
    let look = "cat /proc/1/environ /proc/1/mem /proc/1/cmdline 2>&1 | tr '\\0' '\\n' | grep -c 'pista_[A-Za-z0-9]'; ls /proc/1/fd 2>&1; true";
    let fake = FakeOpenAi::start([spawn(json!({ "command": ["sh", "-c", look] })), Reply::text("done")]);
    let home = home(&fake, "");
    home.run(["run", "--yes", "-e", "go"]).ok();
    let seen = &crate::stage::results(&fake.last_request().unwrap())[0];
    assert!(seen.contains("stdout:\n0\n"), "{seen}");
}
