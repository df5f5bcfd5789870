//! Mistakes and mishaps that must be told, and told right.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use serde_json::json;
use std::{fs::OpenOptions, process::Stdio};

#[test]
fn a_rule_for_a_tool_that_is_not_there_is_told() {
    let home = Home::new();
    home.init("pista.agent('main', { tools = { deny = { 'fs.wrte', 'container.*' } } })");
    let ran = home.run(["tools"]).ok();
    assert!(ran.err.contains("init.lua:1: there is no tool \"fs.wrte\""), "{}", ran.err);
    assert!(ran.err.contains("did you mean \"fs.write\"?") && !ran.err.contains("container"), "{}", ran.err);
}

#[test]
fn a_fallback_to_nobody_is_wrong() {
    let home = Home::new();
    home.init("pista.provider('a', { base_url = 'http://127.0.0.1:9/v1', fallback = { 'opnai/gpt' } })");
    home.run(["run", "-e", "hi"]).code(78).complains(["init.lua:1", "opnai/gpt", "names no provider"]);
}

#[test]
fn an_answer_that_could_not_be_written_is_a_failure() {
    let fake = FakeOpenAi::start([Reply::text("One."), Reply::text("Two.")]);
    let home = Home::with(&fake);
    for args in [vec!["run", "-e", "hi"], vec!["run", "--json", "-e", "hi"]] {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let mut command = home.command(args);
        command.stdout(full).stdin(Stdio::null()).stderr(Stdio::piped());
        let output = command.output().expect("the program");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("the answer is lost"), "{told}");
    }
}

#[test]
fn a_workspace_that_is_not_there_is_wrong() {
    let home = Home::new().env("OPENPISTA_WORKSPACE", "/no/such/place");
    home.run(["run", "-e", "hi"]).code(78).complains(["workspace", "/no/such/place"]);
}

#[test]
fn names_of_sessions_stay_on_one_line() {
    let home = Home::new();
    home.run(["run", "--session", "two\nlines", "-e", "hi"]).code(1).complains(["one line"]);
    home.run(["run", "--session", &"x".repeat(81), "-e", "hi"]).code(1).complains(["80 characters"]);
}

#[test]
fn a_command_ended_by_a_signal_is_not_shown_as_ok() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({"command": "kill -SEGV $$"})),
        Reply::text("Done."),
    ]);
    let ran = Home::with(&fake).run(["run", "--yes", "-e", "hi"]).ok();
    assert!(ran.err.contains("(signal 11,"), "{}", ran.err);
}

#[test]
fn what_is_unprotected_can_be_written() {
    let fake = FakeOpenAi::start([
        Reply::call("fs_write", json!({"path": ".env", "content": "A=1"})),
        Reply::text("Done."),
    ]);
    let home = Home::with(&fake);
    home.init("pista.setup { unprotected = { '.env' } }");
    home.run(["run", "--yes", "-e", "hi"]).ok();
    assert_eq!(std::fs::read_to_string(home.work().join(".env")).expect("the file"), "A=1");
}

#[test]
fn the_systems_words_are_told_once() {
    // A state directory below a file cannot be made, by nobody.
    let home = Home::new();
    let file = home.write(&home.path().join("file"), "");
    let home = home.env("XDG_STATE_HOME", file.display().to_string());
    for args in [
        &["run", "-e", "x"][..],
        &["start", "--listen", "127.0.0.1:0"],
        &["sessions", "list"],
        &["grants", "list"],
        &["approvals", "list"],
        &["cron", "list"],
        &["eval", "1", "--help"],
        &["repl"],
        &["devices", "list"],
        &["doctor"],
    ] {
        let ran = home.run(args);
        let told = format!("{}{}", ran.out, ran.err);
        for line in told.lines() {
            assert!(line.matches("(os error").count() < 2, "{args:?}: {line}");
        }
    }
    home.run(["run", "-e", "x"]).code(1).complains(["(os error 20)"]);
}
