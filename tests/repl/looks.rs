//! How it looks on terminals of all sizes.

use crate::{
    PROMPT, QUESTION,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
        terminal::Terminal,
    },
};
use serde_json::json;

fn sized(home: &Home, args: &[&str], rows: u16, columns: u16) -> Terminal {
    let terminal = Terminal::sized(home.command([&["repl"], args].concat()), rows, columns);
    terminal.at(PROMPT);
    terminal
}

#[test]
fn a_narrow_terminal_keeps_each_tool_on_its_line() {
    let long = "a very long argument that fits on no line of any terminal that is only so narrow";
    let fake = FakeOpenAi::start([
        Reply::calls([
            ("system_run", json!({"argv": ["sleep", "0.9"]})),
            ("system_run", json!({"command": format!("sleep 0.7 && echo '{long}'")})),
            ("system_run", json!({"argv": ["echo", "日本語のとても長い引数がここにあります、幅は二倍です"]})),
            ("fs_read", json!({"path": long})),
        ]),
        Reply::text("Done."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = sized(&home, &["--yes"], 24, 40);
    terminal.line("go");
    terminal.sees("Done.");
    let shown = terminal.at(PROMPT);
    let lines: Vec<&str> = shown.lines().skip_while(|line| *line != "› go").collect();
    assert_eq!(lines.len(), 7, "{shown}");
    assert!(lines[1].starts_with("✓ system.run sleep 0.9  0.9") || lines[1].contains("  1."), "{shown}");
    for line in &lines[1..5] {
        assert!(line.ends_with(" s"), "the time stays: {shown}");
    }
    assert_eq!(lines[5..], ["Done.", PROMPT]);
}

#[test]
fn more_tools_than_rows_do_not_flood_the_scrollback() {
    let calls: Vec<_> =
        (0..14).map(|n| ("system_run", json!({"command": format!("sleep 1.{n:02}")}))).collect();
    let fake = FakeOpenAi::start([Reply::calls(calls), Reply::text("Done.")]);
    // The fake counts tokens its own way; what the engine remarks about that is not looked at here.
    let home = Home::with(&fake).env("OPENPISTA_LOG", "error");
    let mut terminal = sized(&home, &["--yes"], 8, 60);
    terminal.line("go");
    terminal.sees("… and 9 more");
    terminal.sees("Done.");
    let shown = terminal.at(PROMPT);
    for n in 0..14 {
        let line = format!("✓ system.run sleep 1.{n:02}");
        assert_eq!(shown.matches(&line).count(), 1, "{line} once in\n{shown}");
    }
    let lines = shown.lines().skip_while(|line| *line != "› go").count();
    assert_eq!(lines, 17, "{shown}");
}

#[test]
fn a_question_in_between_leaves_no_moving_line() {
    let fake = FakeOpenAi::start([
        Reply::text_and_calls(
            "First this.",
            [
                ("fs_list", json!({})),
                ("system_run", json!({"argv": ["sleep", "1"]})),
                ("system_run", json!({"argv": ["true"]})),
            ],
        ),
        Reply::text("Done."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = sized(&home, &[], 24, 40);
    terminal.line("go");
    terminal.sees_times(QUESTION.split(' ').next().expect("a word"), 1);
    terminal.sees("this:");
    terminal.line("y");
    terminal.sees_times("? system.run", 2);
    terminal.until("the second question", |screen| screen.text().matches("this:").count() == 2);
    // The first one runs meanwhile, and nothing moves.
    let asked = terminal.screen();
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert_eq!(terminal.screen(), asked);
    terminal.line("y");
    terminal.sees("Done.");
    let shown = terminal.at(PROMPT);
    let mut lines: Vec<&str> = shown.lines().skip_while(|line| *line != "First this.").collect();
    lines.retain(|line| line.starts_with('✓') || line.chars().any(|c| "⠋⠙⠸⠴⠦⠇⠏⠹".contains(c)));
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(!shown.contains("\n\n"), "no empty lines: {shown}");
}

#[test]
fn moving_lines_are_written_over_in_one_piece() {
    let fake =
        FakeOpenAi::start([Reply::call("system_run", json!({"argv": ["sleep", "1"]})), Reply::text("Done.")]);
    let home = Home::with(&fake);
    let mut terminal = sized(&home, &["--yes"], 24, 80);
    terminal.line("go");
    terminal.sees("Done.");
    let raw = terminal.raw();
    let drawn = raw.matches("\u{1b}[1A").count();
    assert!((3..40).contains(&drawn), "drawn {drawn} times");
    // Emptied before it is written anew, it would flicker: that may be once, at its end.
    assert!(raw.matches("\u{1b}[1A\u{1b}[J").count() <= 1, "{raw:?}");
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let fake = FakeOpenAi::start([Reply::call("fs_list", json!({})), Reply::text("Done.")]);
    let home = Home::with(&fake);
    let mut command = home.command(["repl"]);
    command.env("TERM", "dumb");
    let mut terminal = Terminal::start(command);
    terminal.at(PROMPT);
    terminal.keys("go\n");
    terminal.sees("tool: fs.list (ok, ");
    terminal.sees("Done.");
    terminal.at(PROMPT);
    assert!(!terminal.raw().contains('\u{1b}'), "{:?}", terminal.raw());
}
