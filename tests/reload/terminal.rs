//! Notices at a terminal: above the line, and never in it.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, signal},
    terminal::Terminal,
};
use serde_json::json;

const PROMPT: &str = "›";

fn open(home: &Home) -> Terminal {
    let terminal = Terminal::start(home.command(["repl"]));
    terminal.at(PROMPT);
    terminal
}

#[test]
fn a_notice_stands_above_the_line_that_is_edited() {
    let fake = FakeOpenAi::answering(|request| Reply::text(format!("Got {}.", request.last_text())));
    let home = Home::with(&fake);
    home.init("-- nothing");
    let mut terminal = open(&home);
    terminal.keys("half a li");
    terminal.sees("half a li");
    home.init("pista.agent('main', { prompt = 'x' })");
    terminal.sees("reloaded: generation 2: agent main: prompt changed\n› half a li");
    home.init("pista.agent('main', {");
    terminal.sees("not reloaded, generation 2 stays: init.lua:1:");
    terminal.at("› half a li");
    terminal.line("ne");
    terminal.sees("Got half a line.");
    terminal.at(PROMPT);
    terminal.keys("\x04");
    assert_eq!(terminal.code(), Some(0));
    assert!(terminal.is_sane());
}

#[test]
fn a_notice_during_a_turn_leaves_the_answer_whole() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({"command": "while [ ! -e go ]; do sleep 0.02; done"})),
        Reply::text("Done."),
    ]);
    let home = Home::with(&fake);
    let lua = |rounds: u32| {
        format!(
            "pista.setup {{ max_tool_rounds = {rounds} }}\npista.agent('main', {{ tools = {{ allow = {{ 'system.run' }} }} }})"
        )
    };
    home.init(&lua(10));
    let mut terminal = open(&home);
    terminal.line("wait");
    terminal.sees("system.run");
    home.init(&lua(20));
    terminal.sees("reloaded: generation 2: setting max_tool_rounds 10 → 20");
    home.write(&home.work().join("go"), "");
    let shown = terminal.sees("Done.");
    let reloaded = shown.find("reloaded").expect("a notice");
    assert!(shown.find("✓").is_some_and(|call| call > reloaded), "{shown}");
    assert_eq!(shown.matches("system.run").count(), 1, "{shown}");
    terminal.at(PROMPT);
}

#[test]
fn a_notice_waits_while_a_question_is_asked() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({"argv": ["touch", "made"]})),
        Reply::text("Made."),
    ]);
    let home = Home::with(&fake);
    home.init("-- nothing");
    let mut terminal = open(&home);
    terminal.line("make it");
    terminal.sees("[a]lways exactly this:");
    home.init("pista.setup { max_tool_rounds = 20 }");
    // A broken save, told by its file, shows that the first one was seen.
    let kept = home.state().join("last-good");
    let seen = || {
        let files = std::fs::read_dir(&kept).into_iter().flatten().flatten();
        files
            .map(|file| std::fs::read_to_string(file.path()).unwrap_or_default())
            .any(|t| t.contains("max_tool_rounds"))
    };
    assert!(crate::support::program::until(seen), "it did not reload");
    assert!(!terminal.screen().contains("reloaded"), "{}", terminal.screen());
    terminal.line("y");
    terminal.sees("Made.");
    terminal.sees("reloaded: generation 2");
    terminal.at(PROMPT);
}

#[test]
fn a_hang_up_that_somebody_sends_reloads() {
    let home = Home::new();
    home.init("-- nothing");
    let mut terminal = open(&home);
    terminal.keys("half");
    terminal.sees("half");
    signal("HUP", terminal.id());
    terminal.sees("reloaded: generation 2: nothing changed");
    terminal.at("› half");
    terminal.keys("\x15\x04");
    assert_eq!(terminal.code(), Some(0));
}

#[test]
fn completion_knows_what_is_live_now() {
    let home = Home::new();
    home.init("first_name = 1");
    let mut terminal = open(&home);
    home.init("second_name = 1");
    terminal.sees("reloaded");
    terminal.keys("=second_\t");
    terminal.sees("=second_name");
}
