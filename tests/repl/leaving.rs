//! The ends of the program, and what they leave behind.

use crate::{
    PROMPT, QUESTION, answer, open,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, signal},
        terminal::Terminal,
    },
};
use serde_json::json;
use std::time::Duration;

/// A few seconds: what waits for something at the end takes longer.
const SOON: Duration = Duration::from_secs(5);

#[test]
fn a_broken_configuration_is_told_before_any_prompt() {
    let home = Home::new();
    home.init("local x = 1\npista.setup { modle = 'x' }");
    let mut terminal = Terminal::start(home.command(["repl"]));
    assert_eq!(terminal.code(), Some(78));
    let shown = terminal.sees("init.lua:2:");
    assert!(!shown.contains(PROMPT) && shown.contains("model"), "{shown}");
    assert!(terminal.is_sane());
}

#[test]
fn it_ends_soon_after_a_turn_that_hung() {
    let fake = FakeOpenAi::start([Reply::hang()]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("hello?");
    assert!(fake.saw_requests(1));
    terminal.keys("\x03");
    terminal.sees("cancelled\n›");
    terminal.line("/quit");
    assert_eq!(terminal.ends_within(SOON), Some(0));
    assert!(terminal.is_sane());
}

#[test]
fn it_ends_soon_after_a_loop_in_lua() {
    let home = Home::new();
    let mut terminal = open(&home);
    terminal.line("=while true do end");
    std::thread::sleep(Duration::from_millis(300));
    terminal.keys("\x03");
    terminal.sees("interrupted\n›");
    terminal.line("/exit");
    assert_eq!(terminal.ends_within(SOON), Some(0));
}

#[test]
fn sigterm_ends_it_at_the_prompt() {
    let fake = FakeOpenAi::start([Reply::text("Hello.")]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    assert_eq!(answer(&mut terminal, "hi"), "Hello.");
    terminal.keys("half a li");
    terminal.sees("half a li");
    signal("TERM", terminal.id());
    assert_eq!(terminal.ends_within(SOON), Some(130));
    assert!(terminal.is_sane());
}

#[test]
fn sigterm_ends_it_in_a_turn_and_at_a_question() {
    let fake = FakeOpenAi::start([
        Reply::hang(),
        Reply::call("system_run", json!({"argv": ["touch", "made"]})),
        Reply::text("Goes on."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("hello?");
    assert!(fake.saw_requests(1));
    signal("TERM", terminal.id());
    assert_eq!(terminal.ends_within(SOON), Some(130));
    assert!(terminal.is_sane());

    let mut terminal = open(&home);
    terminal.line("make it");
    terminal.sees(QUESTION);
    signal("TERM", terminal.id());
    assert_eq!(terminal.ends_within(SOON), Some(130));
    assert!(terminal.is_sane());
    assert!(!home.work().join("made").exists());

    let mut terminal = open(&home);
    assert_eq!(answer(&mut terminal, "and?"), "Goes on.");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn an_interrupt_from_elsewhere_at_the_prompt_changes_nothing() {
    let home = Home::new();
    let mut terminal = open(&home);
    for line in ["=1", "=2"] {
        signal("INT", terminal.id());
        // It must be over before there is something that it would stop.
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(answer(&mut terminal, line), line[1..]);
    }
    assert!(!terminal.screen().contains("interrupted"));
}

#[test]
fn a_terminal_that_hangs_up_ends_it() {
    let fake = FakeOpenAi::start([Reply::hang()]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("hello?");
    assert!(fake.saw_requests(1));
    assert_eq!(terminal.hang_up(), Some(130));
    // At the prompt, the editor may see it before the signal does.
    let terminal = open(&home);
    assert!(matches!(terminal.hang_up(), Some(0 | 130)));
}

#[test]
fn ctrl_c_ends_a_start_that_takes_too_long() {
    let home = Home::new();
    home.init("while true do end");
    let mut terminal = Terminal::start(home.command(["repl"]));
    // The terminal shows ^C itself: nothing has changed its modes yet.
    std::thread::sleep(Duration::from_millis(500));
    terminal.keys("\x03");
    assert_eq!(terminal.ends_within(SOON), Some(130), "{}", terminal.screen());
    assert!(terminal.is_sane());
}

#[test]
fn the_words_of_other_programs_leave_and_help() {
    let fake = FakeOpenAi::start([]);
    for word in ["exit", "quit", ":q", ":q!", ":wq", "exit()", "QUIT", "logout"] {
        let ran = Home::with(&fake).pipe(["repl"], format!("{word}\n=2\n")).ok();
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{word}");
    }
    for word in ["help", "?", ":h", ":help", "help()"] {
        let ran = Home::with(&fake).pipe(["repl"], format!("{word}\n=2\n")).ok();
        assert!(ran.out.contains("/sessions") && ran.out.ends_with("2\n"), "{word}: {}", ran.out);
    }
    assert_eq!(fake.requests().len(), 0, "the model is not asked about them");
}
