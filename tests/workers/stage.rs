//! What these tests have in common.

use crate::{
    rig::IMAGE,
    support::{
        fake_openai::{FakeOpenAi, Reply, Request},
        program::Home,
    },
};
use serde_json::{Value, json};
use std::process::Command;

/// A home with a profile, in whose workspace a note says hello.
pub(crate) fn home(fake: &FakeOpenAi, more: &str) -> Home {
    let home = Home::with(fake);
    home.write(&home.work().join("note"), "hello\n");
    home.init(&format!("pista.sandbox('box', {{ image = '{IMAGE}', memory = '256m' }})\n{more}"));
    home
}

/// A call of `worker.spawn`.
pub(crate) fn spawn(args: Value) -> Reply {
    Reply::call("worker_spawn", args)
}

/// A call of `worker.spawn` with a task and tools.
pub(crate) fn task(tools: &[&str]) -> Reply {
    spawn(json!({ "task": "What does the note say?", "tools": tools }))
}

/// Whether it was a worker's agent that asked.
pub(crate) fn of_worker(request: &Request) -> bool {
    request.messages()[0]["content"].as_str().is_some_and(|text| text.contains("You are a worker"))
}

/// The results of tools in a request.
pub(crate) fn results(request: &Request) -> Vec<String> {
    let tool = request.messages().iter().filter(|m| m["role"] == "tool");
    tool.map(|m| m["content"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The events of a run with `--json` that have this type.
pub(crate) fn events<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["type"] == kind).collect()
}

/// The containers of a home that are there.
pub(crate) fn containers(home: &Home) -> Vec<String> {
    let filter = format!("label=openpista.owner={}", home.state().display());
    let output = Command::new("docker").args(["ps", "-aq", "--filter", &filter]).output().expect("docker");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}
