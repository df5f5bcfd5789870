//! The history of lines.

use crate::{
    PROMPT, answer, open,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

const UP: &str = "\x1b[A";

fn file(home: &Home) -> PathBuf {
    home.state().join("history")
}

#[test]
fn lines_come_back_in_this_run_and_the_next() {
    let home = Home::new();
    let mut terminal = open(&home);
    answer(&mut terminal, "=1 + 1");
    answer(&mut terminal, "=2 + 2");
    terminal.keys(UP);
    terminal.at("› =2 + 2");
    terminal.keys(UP);
    terminal.at("› =1 + 1");
    terminal.keys("\x03");
    terminal.at(PROMPT);
    terminal.keys("\x04");
    assert_eq!(terminal.code(), Some(0));
    assert_eq!(fs::metadata(file(&home)).expect("a history").permissions().mode() & 0o777, 0o600);

    let mut terminal = open(&home);
    answer(&mut terminal, "=3 + 3");
    for line in ["› =3 + 3", "› =2 + 2", "› =1 + 1"] {
        terminal.keys(UP);
        terminal.at(line);
    }
}

#[test]
fn a_chunk_is_one_entry() {
    let home = Home::new();
    let mut terminal = open(&home);
    terminal.line("/lua function add(a, b)");
    terminal.at("…");
    terminal.line("return a + b end");
    terminal.at(PROMPT);
    answer(&mut terminal, "=add(1, 2)");
    terminal.keys("\x04");
    terminal.code();
    let text = fs::read_to_string(file(&home)).expect("a history");
    assert!(text.contains("/lua function add(a, b)\\nreturn a + b end\n"), "{text}");

    let mut terminal = open(&home);
    terminal.keys(UP);
    terminal.at("› =add(1, 2)");
    terminal.keys(UP);
    terminal.sees("function add(a, b)\nreturn a + b end");
    terminal.keys("\r");
    terminal.at(PROMPT);
    assert_eq!(answer(&mut terminal, "=add(20, 3)"), "23");
}

#[test]
fn a_line_with_a_secret_is_not_kept() {
    let secret = "sk-proj-abcdefghijklmnop0123456789";
    let fake = FakeOpenAi::answering(|_| Reply::text("Noted."));
    let home = Home::with(&fake).env("OPENAI_API_KEY", secret);
    let mut terminal = open(&home);
    assert_eq!(answer(&mut terminal, &format!("my key is {secret}")), "Noted.");
    assert_eq!(answer(&mut terminal, "harmless"), "Noted.");
    terminal.keys(UP);
    terminal.at("› harmless");
    terminal.keys(&format!("{UP}\x03"));
    let text = fs::read_to_string(file(&home)).expect("a history");
    assert!(text.contains("harmless") && !text.contains("sk-proj"), "{text}");
}

#[test]
fn it_is_kept_when_the_program_is_killed() {
    let home = Home::new();
    let mut terminal = open(&home);
    answer(&mut terminal, "=40 + 2");
    drop(terminal);
    assert!(fs::read_to_string(file(&home)).expect("a history").contains("=40 + 2"));
}

#[test]
fn an_answer_to_a_question_is_no_line() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", serde_json::json!({"argv": ["true"]})),
        Reply::text("Done."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("go");
    terminal.sees(crate::QUESTION);
    terminal.line("yes");
    terminal.sees("Done.");
    terminal.at(PROMPT);
    terminal.keys(UP);
    terminal.at("› go");
}
