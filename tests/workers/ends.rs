//! How workers end, also when they should not.

use crate::{
    rig::{IMAGE, engine},
    stage::{containers, home, results, spawn, task},
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{signal, until},
    },
};
use serde_json::json;
use std::process::Command;

#[test]
fn time_and_memory_end_one() {
    if !engine() {
        return;
    }
    let fake = FakeOpenAi::start([
        spawn(json!({ "command": ["sh", "-c", "trap '' TERM; sleep 600"], "timeout": 3 })),
        Reply::text("done"),
    ]);
    let timed = home(&fake, "");
    timed.run(["run", "--yes", "-e", "go"]).ok();
    let seen = &results(&fake.last_request().unwrap())[0];
    assert!(seen.contains("timed out"), "{seen}");
    let dd = ["dd", "if=/dev/zero", "of=/dev/null", "bs=900M", "count=1"];
    let fake = FakeOpenAi::start([spawn(json!({ "command": dd })), Reply::text("done")]);
    let large = home(&fake, "");
    large.run(["run", "--yes", "-e", "go"]).ok();
    let seen = &results(&fake.last_request().unwrap())[0];
    // The command is killed, or the worker with it: never is it done.
    assert!(!seen.starts_with("exit code 0"), "{seen}");
    assert!(containers(&timed).is_empty() && containers(&large).is_empty());
}

#[test]
fn what_a_killed_program_left_is_swept_by_the_next() {
    if !engine() {
        return;
    }
    let fake = FakeOpenAi::answering(|request| match request.messages().last().map(|m| m["role"].clone()) {
        Some(role) if role == "tool" => Reply::text("done"),
        _ if request.last_text().contains("quick") => spawn(json!({ "command": ["true"] })),
        _ => spawn(json!({ "command": ["sleep", "600"] })),
    });
    let home = home(&fake, "");
    let running = home.start(["run", "--yes", "-e", "slow"], "");
    assert!(until(|| containers(&home).len() == 1));
    let left = containers(&home);
    signal("KILL", running.id());
    drop(running);
    home.run(["run", "--yes", "-e", "quick"]).ok();
    assert!(until(|| !containers(&home).iter().any(|id| left.contains(id))), "it was not swept");
    let doors = std::fs::read_dir(home.state().join("run/workers")).map_or(0, Iterator::count);
    assert!(doors <= 1, "sockets of programs that are gone are removed");
}

#[test]
fn a_worker_whose_engine_is_gone_ends_by_itself() {
    if !engine() {
        return;
    }
    let fake = FakeOpenAi::start([spawn(json!({ "command": ["sleep", "600"] })), Reply::text("done")]);
    let home = home(&fake, "");
    let running = home.start(["run", "--yes", "-e", "slow"], "");
    let runs = || {
        let filter = format!("label=openpista.owner={}", home.state().display());
        let output = Command::new("docker").args(["ps", "-q", "--filter", &filter]).output().expect("docker");
        !output.stdout.is_empty()
    };
    let sleeps = || {
        let top = |id: &String| Command::new("docker").args(["top", id]).output().expect("docker").stdout;
        containers(&home).iter().any(|id| String::from_utf8_lossy(&top(id)).contains("sleep 600"))
    };
    assert!(until(sleeps));
    signal("KILL", running.id());
    drop(running);
    assert!(until(|| !runs()), "it works on for nobody");
    for id in containers(&home) {
        let _ = Command::new("docker").args(["rm", "-f", &id]).output();
    }
}

#[test]
fn an_image_that_is_not_there_is_told() {
    if !engine() {
        return;
    }
    let fake = FakeOpenAi::start([task(&[]), Reply::text("done")]);
    let home = home(&fake, "");
    home.init("pista.sandbox('box', { image = 'no.such.host/image:1' })");
    home.run(["run", "--yes", "-e", "go"]).ok();
    let seen = &results(&fake.last_request().unwrap())[0];
    assert!(seen.contains("no.such.host/image:1"), "{seen}");
}

#[test]
fn a_program_that_cannot_be_a_worker_is_told() {
    if !engine() {
        return;
    }
    let fake = FakeOpenAi::start([task(&[]), Reply::text("done")]);
    let home = home(&fake, "");
    let script = home.write(&home.path().join("script"), &"#!/bin/sh\n".repeat(20));
    let init = format!(
        "pista.setup {{ worker_binary = '{}' }} pista.sandbox('box', {{ image = '{IMAGE}' }})",
        script.display()
    );
    home.init(&init);
    home.run(["run", "--yes", "-e", "go"]).ok();
    let seen = &results(&fake.last_request().unwrap())[0];
    assert!(seen.contains("no program") && seen.contains("script"), "{seen}");
}

#[test]
fn a_static_program_needs_no_libraries() {
    if !engine() {
        return;
    }
    let fake = FakeOpenAi::start([task(&[]), Reply::text("done")]);
    let home = home(&fake, "");
    let busybox =
        ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| std::path::Path::new(path).is_file());
    let init = format!(
        "pista.setup {{ worker_binary = '{}' }} pista.sandbox('box', {{ image = '{IMAGE}' }})",
        busybox.expect("the image was made of it")
    );
    home.init(&init);
    home.run(["run", "--yes", "-e", "go"]).ok();
    // It is no openpista, and says so itself: it ran.
    let seen = &results(&fake.last_request().unwrap())[0];
    assert!(seen.contains("broke off") && seen.contains("applet not found"), "{seen}");
}
