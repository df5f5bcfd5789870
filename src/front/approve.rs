//! Asking the person at the terminal.

use super::{Colour, Live, call_label, details::details, forget_typed, printable, to_stderr};
use crate::domain::{
    BoxFuture,
    approval::{Approval, ApprovalRequest, Approver},
    cut,
};
use std::{io::BufRead, sync::Arc};
use tokio::sync::{Mutex, oneshot};

/// Characters of the question's first line.
pub(super) const LABEL_CHARS: usize = 300;
/// Longer questions are taken to have left the screen.
const SCREEN_LINES: usize = 16;
const LINE_CHARS: usize = 80;

/// The question, as printed: what would run, all of it, and why it is asked. The last line is the
/// prompt.
pub fn question(request: &ApprovalRequest, colour: Colour) -> String {
    let ApprovalRequest { call, reason, .. } = request;
    let label = call_label(&call.name, &call.args);
    let details = details(&call.args);
    let mut text = format!(
        "{} {}\n{details}{}\n",
        colour.paint("33;1", "?"),
        cut::title(&label, LABEL_CHARS),
        colour.paint("2", &printable(reason)),
    );
    let lines = details.lines().map(|line| 1 + line.chars().count() / LINE_CHARS).sum::<usize>();
    if lines > SCREEN_LINES {
        // The beginning has left the screen: the end must not pass for all of it.
        let short = cut::title(&label, LINE_CHARS);
        text.push_str(
            &colour.paint("33;1", &format!("This was the end of {lines} lines. They begin with: {short}\n")),
        );
    }
    text.push_str("Run it? [y]es / [n]o / [a]lways exactly this: ");
    text
}

/// Reads an answer; `None` when it isn't one.
pub fn read_answer(line: &str) -> Option<Approval> {
    match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Some(Approval::Yes),
        "n" | "no" => Some(Approval::No),
        "a" | "always" => Some(Approval::Always),
        _ => None,
    }
}

/// Asks on standard error and reads from standard input, one question at a time.
#[derive(Debug)]
pub struct AskOnTerminal {
    live: Option<Arc<Live>>,
    turn: Mutex<()>,
}

impl AskOnTerminal {
    /// Pauses `live` while it asks.
    pub fn new(live: Option<Arc<Live>>) -> Self {
        Self { live, turn: Mutex::new(()) }
    }
}

impl Approver for AskOnTerminal {
    fn ask<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        Box::pin(async move {
            let _one_at_a_time = self.turn.lock().await;
            let _pause = self.live.as_ref().map(|live| live.pause());
            let text = question(request, Colour::stderr());
            let (answer, answered) = oneshot::channel();
            // Reading a line can't be interrupted: it gets a thread that the program's end takes along.
            std::thread::spawn(move || {
                let _ = answer.send(ask(&text));
            });
            answered.await.ok().flatten()
        })
    }
}

/// Prints the question until there is an answer. `None` at the end of the input.
fn ask(text: &str) -> Option<Approval> {
    loop {
        forget_typed();
        to_stderr(text);
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
        if let Some(answer) = read_answer(&line) {
            return Some(answer);
        }
        to_stderr("please answer y, n or a\n");
    }
}
