//! Ctrl-C.

use crate::{
    PROMPT, QUESTION, answer, open, open_with,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, is_alive, until},
    },
};
use serde_json::json;
use std::fs;

const CTRL_C: &str = "\x03";

#[test]
fn a_model_that_hangs_is_left() {
    let fake = FakeOpenAi::start([Reply::hang(), Reply::text("Here again.")]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("hello?");
    assert!(fake.saw_requests(1));
    terminal.keys(CTRL_C);
    terminal.sees("cancelled");
    let shown = terminal.at(PROMPT);
    assert!(shown.ends_with("› hello?\ncancelled\n›"), "{shown}");
    assert_eq!(answer(&mut terminal, "and now?"), "Here again.");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_stream_that_hangs_is_left_and_what_came_is_kept() {
    let fake = FakeOpenAi::start([
        Reply::text("Once upon a time there was").cut_after(1400).then_hang(),
        Reply::text("Indeed."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("a story");
    terminal.sees("Once up");
    terminal.keys(CTRL_C);
    terminal.sees("cancelled");
    terminal.at(PROMPT);
    assert_eq!(answer(&mut terminal, "go on"), "Indeed.");
    let sent = serde_json::Value::from(fake.requests()[1].messages()).to_string();
    assert!(sent.contains("Once up") && sent.contains("stopped"), "{sent}");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_running_command_is_ended_with_its_children() {
    let line = "sleep 601 & echo $! $$ > pids.new; mv pids.new pids; sleep 600";
    let fake = FakeOpenAi::start([
        Reply::calls([("system_run", json!({"command": line})), ("fs_list", json!({}))]),
        Reply::text("Back."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = open_with(&home, &["--yes"]);
    terminal.line("sleep");
    assert!(until(|| home.work().join("pids").exists()));
    terminal.sees("✓ fs.list");
    terminal.keys(CTRL_C);
    terminal.sees("cancelled\n›");
    let shown = terminal.at(PROMPT);
    let pids = fs::read_to_string(home.work().join("pids")).expect("pids");
    for pid in pids.split_whitespace() {
        let pid = pid.parse().expect("a pid");
        assert!(until(|| !is_alive(pid)), "{pid} lives on");
    }
    assert!(shown.contains("✗ system.run sleep 601") && shown.contains("cancelled, "), "{shown}");
    assert!(!shown.lines().any(|line| "⠋⠙⠸⠴⠦⠇⠏⠹".contains(&line[..line.len().min(3)]) && !line.is_empty()));
    assert_eq!(answer(&mut terminal, "hello"), "Back.");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_loop_in_lua_is_stopped() {
    let home = Home::new();
    let mut terminal = open(&home);
    terminal.line("=while true do end");
    // No prompt comes by itself.
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.keys(CTRL_C);
    terminal.sees("interrupted");
    terminal.at(PROMPT);
    assert_eq!(answer(&mut terminal, "=1 + 1"), "2", "the engine is free again");
    terminal.line("=(function() while true do pcall(function() while true do end end) end end)()");
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.keys(CTRL_C);
    terminal.sees_times("interrupted", 2);
    terminal.at(PROMPT);
    assert_eq!(answer(&mut terminal, "=2 + 2"), "4");
}

#[test]
fn a_lua_function_that_waits_is_stopped() {
    let home = Home::new();
    let mut terminal = open(&home);
    terminal.line("=pista.sleep(600)");
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.keys(CTRL_C);
    terminal.sees("interrupted");
    terminal.at(PROMPT);
}

#[test]
fn at_a_question_it_stops_the_turn() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({"argv": ["touch", "made"]})),
        Reply::text("Fine."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("make it");
    terminal.sees(QUESTION);
    terminal.keys(CTRL_C);
    terminal.sees("cancelled\n›");
    terminal.at(PROMPT);
    assert!(!home.work().join("made").exists());
    assert_eq!(answer(&mut terminal, "what now?"), "Fine.");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn at_the_prompt_it_drops_the_line() {
    let fake = FakeOpenAi::start([Reply::text("Hello.")]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.keys("never mi");
    terminal.sees("never mi");
    terminal.keys(CTRL_C);
    terminal.at(PROMPT);
    terminal.keys(CTRL_C);
    terminal.sees_times("›", 3);
    assert_eq!(answer(&mut terminal, "hi"), "Hello.");
    assert_eq!(fake.requests().len(), 1);
    terminal.keys("\x04");
    assert_eq!(terminal.code(), Some(0));
}

#[test]
fn in_the_midst_of_a_chunk_it_drops_the_chunk() {
    let home = Home::new();
    let mut terminal = open(&home);
    terminal.line("=function f()");
    terminal.at("…");
    terminal.keys(CTRL_C);
    terminal.at(PROMPT);
    assert_eq!(answer(&mut terminal, "=f"), "nil");
}
