//! Being asked whether a call may run.

use crate::{
    PROMPT, QUESTION, open,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
        terminal::Terminal,
    },
};
use serde_json::json;
use std::fs;

/// Always wants to touch `made`, then answers.
fn touching() -> FakeOpenAi {
    FakeOpenAi::answering(|request| match request.messages().last().map(|m| &m["role"]) {
        Some(role) if role == "tool" => Reply::text("It is done."),
        _ => Reply::call("system_run", json!({"argv": ["touch", "made"]})),
    })
}

fn asked(home: &Home) -> Terminal {
    let mut terminal = open(home);
    terminal.line("make it");
    terminal.sees(QUESTION);
    terminal
}

#[test]
fn yes_runs_it_once() {
    let fake = touching();
    let home = Home::with(&fake);
    let mut terminal = asked(&home);
    let shown = terminal.screen();
    assert!(shown.contains("? system.run touch made\n"), "{shown}");
    assert!(!home.work().join("made").exists(), "it ran before it was allowed");
    terminal.line("perhaps");
    terminal.sees("please answer y, n or a");
    terminal.sees_times(QUESTION, 2);
    terminal.line("y");
    terminal.sees("It is done.");
    terminal.at(PROMPT);
    assert!(home.work().join("made").exists());
    terminal.line("again");
    terminal.sees_times(QUESTION, 3);
}

#[test]
fn no_is_told_to_the_model() {
    let fake = touching();
    let home = Home::with(&fake);
    let mut terminal = asked(&home);
    terminal.line("n");
    terminal.sees("It is done.");
    let shown = terminal.at(PROMPT);
    assert!(shown.contains("✗ system.run touch made  denied: the user said no\n"), "{shown}");
    assert!(!home.work().join("made").exists());
    assert!(fake.requests()[1].last_text().contains("the user said no"));
}

#[test]
fn always_holds_in_this_run_and_the_next() {
    let fake = touching();
    let home = Home::with(&fake);
    let mut terminal = asked(&home);
    terminal.line("a");
    terminal.sees("It is done.");
    terminal.at(PROMPT);
    fs::remove_file(home.work().join("made")).expect("it was made");
    terminal.line("again");
    terminal.sees_times("It is done.", 2);
    assert!(home.work().join("made").exists());
    drop(terminal);

    fs::remove_file(home.work().join("made")).expect("it was made");
    let mut terminal = open(&home);
    terminal.line("make it");
    let shown = terminal.sees("It is done.");
    assert!(!shown.contains(QUESTION), "{shown}");
    assert!(home.work().join("made").exists());
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let slow = std::time::Duration::from_millis(1500);
    let fake = FakeOpenAi::answering(move |request| match request.messages().last().map(|m| &m["role"]) {
        Some(role) if role == "tool" => Reply::text("It is done."),
        _ => Reply::call("system_run", json!({"argv": ["touch", "made"]})).delay(slow),
    });
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    // Without the marks of a paste, as a terminal that knows none would send it.
    terminal.keys("make it\ry\r");
    assert!(fake.saw_requests(1));
    terminal.keys("y\r");
    terminal.sees(QUESTION);
    terminal.line("n");
    terminal.sees("It is done.");
    assert!(!home.work().join("made").exists());
}

#[test]
fn the_whole_call_is_shown() {
    let args = json!({"path": "notes", "content": "one\n\ttwo \u{1b}[8mhidden\n", "cwd": 1});
    let args = {
        let mut args = args;
        args.as_object_mut().expect("an object").remove("cwd");
        args
    };
    let fake = FakeOpenAi::start([Reply::call("fs_write", args), Reply::text("So be it.")]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("write");
    let shown = terminal.sees(QUESTION);
    assert!(shown.contains("? fs.write notes\n  content:\n  │ one\n  │ "), "{shown}");
    assert!(shown.contains("two \\u{1b}[8mhidden\n"), "{shown}");
    terminal.line("y");
    terminal.sees("So be it.");
    assert_eq!(fs::read_to_string(home.work().join("notes")).expect("it"), "one\n\ttwo \u{1b}[8mhidden\n");
}

#[test]
fn several_are_asked_about_one_by_one() {
    let touch = |name: &str| ("system_run", json!({"argv": ["touch", name]}));
    let fake = FakeOpenAi::start([
        Reply::calls([touch("one"), ("fs_list", json!({})), touch("two")]),
        Reply::text("Done with them."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("make them");
    terminal.sees(QUESTION);
    let first = terminal.screen().contains("touch one");
    terminal.line(if first { "y" } else { "n" });
    terminal.sees_times(QUESTION, 2);
    terminal.line(if first { "n" } else { "y" });
    terminal.sees("Done with them.");
    let shown = terminal.at(PROMPT);
    assert!(home.work().join("one").exists() && !home.work().join("two").exists());
    for line in ["✓ system.run touch one", "✓ fs.list", "✗ system.run touch two"] {
        assert_eq!(shown.matches(line).count(), 1, "{line} once in {shown}");
    }
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn the_end_of_the_input_is_a_no() {
    let fake = touching();
    let home = Home::with(&fake);
    let mut terminal = asked(&home);
    terminal.keys("\x04");
    terminal.sees("It is done.");
    terminal.at(PROMPT);
    assert!(!home.work().join("made").exists());
    assert!(fake.requests()[1].last_text().contains("the user said no"));
}

#[test]
fn always_is_offered_where_it_means_something() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init("pista.hook('tool_call', function() return pista.ask() end)");
    let mut terminal = open(&home);
    terminal.line("make it");
    let shown = terminal.sees("Run it? [y]es / [n]o:");
    assert!(!shown.contains("[a]lways"), "{shown}");
    terminal.line("a");
    terminal.sees("please answer y or n\n");
    assert!(!home.work().join("made").exists());
    terminal.line("y");
    terminal.sees("It is done.");
}
