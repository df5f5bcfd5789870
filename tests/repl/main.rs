//! `openpista repl`, as a person at a terminal sees it, and as a script that pipes lines into it does.

#[path = "../support/mod.rs"]
mod support;

mod approving;
mod commands;
mod completing;
mod editing;
mod history;
mod hostile;
mod interrupting;
mod leaving;
mod logging;
mod looks;
mod lua;
mod piped;
mod sessions;
mod turns;

use support::{program::Home, terminal::Terminal};

/// The prompt, with nothing typed yet.
const PROMPT: &str = "›";
/// The end of the question about a call.
const QUESTION: &str = "[a]lways exactly this:";

/// The REPL at a terminal, waiting for a line.
fn open(home: &Home) -> Terminal {
    open_with(home, &[])
}

/// The same with more arguments.
fn open_with(home: &Home, args: &[&str]) -> Terminal {
    let terminal = Terminal::start(home.command([&["repl"], args].concat()));
    terminal.at(PROMPT);
    terminal
}

/// Types a line, waits for the next prompt, and returns what was shown between the two.
#[track_caller]
fn answer(terminal: &mut Terminal, line: &str) -> String {
    let before = terminal.screen();
    terminal.line(line);
    let after = terminal.until("the next prompt", |screen| {
        let text = screen.text();
        text.len() > before.len() + line.trim().len() && text.lines().last() == Some(PROMPT)
    });
    // The line itself may have wrapped; what it brought begins in the line after it.
    let shown = after.strip_prefix(before.trim_end()).unwrap_or(&after);
    let shown = shown.strip_suffix(PROMPT).unwrap_or(shown).trim_end();
    shown.split_once('\n').map_or("", |(_, shown)| shown).to_owned()
}
