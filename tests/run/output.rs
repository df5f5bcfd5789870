//! What is printed where, without a terminal.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, Ran, Running},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, process::Command};

const LS: &str =
    r#"pista.agent("main", { tools = { allow = { { "system.run", argv = { "echo", "out" } } } } })"#;

#[test]
fn a_pipe_gets_the_answer_and_nothing_else() {
    let fake = FakeOpenAi::start([
        Reply::text_and_calls("Let me look.", [("system_run", json!({"argv": ["echo", "out"]}))]),
        Reply::text("It says **out**.\n\nDone.\n"),
    ]);
    let home = Home::with(&fake);
    home.init(LS);
    let ran = home.say("what does it say?").ok().complains(["system.run echo out", "ok"]);
    assert_eq!(ran.out, "It says **out**.\n\nDone.\n");
    assert!(!ran.err.contains('\x1b') && !ran.err.contains("It says"), "{}", ran.err);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_quiet_turn_says_nothing_on_stderr() {
    let fake = FakeOpenAi::start([Reply::text("yes")]);
    let ran = Home::with(&fake).say("really?").ok();
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("yes\n", ""));
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|e| e["type"].as_str().expect("every line has a type")).collect()
}

#[test]
fn json_is_one_event_a_line() {
    let calls = [
        ("system_run", json!({"argv": ["echo", "out"]})),
        ("system_run", json!({"argv": ["echo", "secretly"]})),
        ("fs_list", json!({})),
    ];
    let fake = FakeOpenAi::start([Reply::calls(calls), Reply::text("all\ndone")]);
    let home = Home::with(&fake);
    home.init(LS);
    let ran = home.run(["run", "--json", "-e", "go"]).ok();
    let events = ran.json();
    let kinds = kinds(&events);
    assert_eq!((kinds[0], *kinds.last().expect("events")), ("start", "done"), "{kinds:?}");
    assert_eq!(kinds.iter().filter(|k| ["start", "done", "failed"].contains(k)).count(), 2);
    assert!(events[0]["model"].as_str().is_some_and(|m| m.ends_with("fake-model")));

    let mut open = BTreeSet::new();
    let mut ended = vec![];
    for event in &events {
        let id = event["id"].as_str().unwrap_or_default();
        match event["type"].as_str() {
            Some("tool_start") => assert!(open.insert(id), "{id} started twice"),
            Some("tool_end") => {
                assert!(open.remove(id), "{id} ended without a start");
                assert!(event["duration_ms"].is_u64());
                ended.push((event["name"].as_str().unwrap_or_default(), event["status"].as_str()));
            }
            _ => {}
        }
    }
    assert_eq!(open.len(), 0);
    ended.sort_unstable();
    let (ok, denied) = (Some("ok"), Some("denied"));
    assert_eq!(ended, [("fs.list", ok), ("system.run", denied), ("system.run", ok)]);

    let streamed: String = events.iter().filter_map(|e| e["delta"].as_str()).collect();
    assert_eq!(streamed, "all\ndone");
    let done = events.last().expect("events");
    assert_eq!((done["text"].as_str(), done["rounds"].as_u64()), (Some("all\ndone"), Some(1)));
    assert!(done["usage"]["input"].as_u64() > Some(0) && done["usage"]["output"].as_u64() > Some(0));
    assert_eq!(done["session"], events[0]["session"]);
    assert_eq!(done["model"], "server/fake-model");
}

#[test]
fn json_of_a_turn_that_fails_ends_with_failed() {
    let fake = FakeOpenAi::start([Reply::error(400, "no such luck")]);
    let ran = Home::with(&fake).run(["run", "--json", "-e", "go"]).code(1);
    let events = ran.json();
    assert_eq!(kinds(&events), ["start", "failed"]);
    assert_eq!(events[1]["kind"], "model");
    assert!(events[1]["error"].as_str().is_some_and(|e| e.contains("no such luck")));
}

#[test]
fn json_of_a_restart_voids_the_text_before_it() {
    let fake = FakeOpenAi::start([
        Reply::text("half of an answer").cut_after(700).then_disconnect(),
        Reply::text("the whole answer"),
    ]);
    let ran = Home::with(&fake).run(["run", "--json", "-e", "go"]).ok();
    let mut text = String::new();
    for event in ran.json() {
        match event["type"].as_str() {
            Some("restart") => text.clear(),
            _ => text.push_str(event["delta"].as_str().unwrap_or_default()),
        }
    }
    assert_eq!(text, "the whole answer");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let fake = FakeOpenAi::answering(|_| Reply::text("line\n".repeat(50_000)));
    let home = Home::with(&fake);
    home.run(["run", "--session", "long", "-e", "go"]).ok();
    for args in ["sessions show long --json", "sessions show long", "sessions list", "config example"] {
        let line =
            format!("{} {args} | head -1; echo \"${{PIPESTATUS[0]}}\"", crate::support::program::PROGRAM);
        let ran = bash(&home, &line);
        assert_eq!(ran.err, "", "{args}");
        assert_eq!(ran.out.lines().last(), Some("0"), "{args}");
    }
}

/// Runs a line of bash in the program's environment.
fn bash(home: &Home, line: &str) -> Ran {
    let program = home.command([""; 0]);
    let mut command = Command::new("bash");
    command.arg("-c").arg(line).env_clear();
    command.envs(program.get_envs().filter_map(|(n, v)| Some((n, v?))));
    Running::start(command, b"").wait().ok()
}

#[test]
fn what_a_model_says_cannot_drive_the_log() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({"argv": ["echo", "\u{1b}[2Jgone"]})),
        Reply::text("done"),
    ]);
    let ran = Home::with(&fake).say("go").ok();
    assert!(!ran.err.contains('\x1b'), "{:?}", ran.err);
}
