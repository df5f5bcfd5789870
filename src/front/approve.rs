//! Asking the person at the terminal.

use super::{Colour, Live, forget_typed, to_stderr};
use crate::domain::{
    BoxFuture,
    approval::{Approval, ApprovalRequest, Approver},
    call_text::{LABEL_CHARS, call_label, details, printable, visible},
    cut,
};
use std::{io::BufRead, sync::Arc};
use tokio::sync::{Mutex, oneshot};

/// Longer questions are taken to have left the screen.
const SCREEN_LINES: usize = 16;
const LINE_CHARS: usize = 80;

/// The answers that a question takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// This call only.
    Once,
    /// This call, or this and every later one exactly like it.
    Always,
}

impl Offer {
    /// What is offered for a call. `trusted`: whoever answers may allow something for good.
    pub fn of(request: &ApprovalRequest, trusted: bool) -> Self {
        if trusted && request.can_stand() { Self::Always } else { Self::Once }
    }

    fn prompt(self) -> &'static str {
        match self {
            Self::Once => "Run it? [y]es / [n]o: ",
            Self::Always => "Run it? [y]es / [n]o / [a]lways exactly this: ",
        }
    }

    /// What is said to an answer that is none.
    pub fn again(self) -> &'static str {
        match self {
            Self::Once => "please answer y or n\n",
            Self::Always => "please answer y, n or a\n",
        }
    }
}

/// The question, as printed: what would run, all of it, and why it is asked. The last line is the
/// prompt.
pub fn question(request: &ApprovalRequest, offer: Offer, colour: Colour) -> String {
    let ApprovalRequest { call, reason, .. } = request;
    let label = call_label(&call.name, &call.args);
    let details = details(&call.args);
    let mut text = format!(
        "{} {}\n{details}{}\n",
        colour.paint("33;1", "?"),
        cut::title(&visible(&label), LABEL_CHARS),
        colour.paint("2", &printable(reason)),
    );
    let lines = details.lines().map(|line| 1 + line.chars().count() / LINE_CHARS).sum::<usize>();
    if lines > SCREEN_LINES {
        // The beginning has left the screen: the end must not pass for all of it.
        let short = cut::title(&visible(&label), LINE_CHARS);
        text.push_str(
            &colour.paint("33;1", &format!("This was the end of {lines} lines. They begin with: {short}\n")),
        );
    }
    text.push_str(offer.prompt());
    text
}

/// Reads an answer; `None` when it isn't one of those that were offered.
pub fn read_answer(line: &str, offer: Offer) -> Option<Approval> {
    match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Some(Approval::Yes),
        "n" | "no" => Some(Approval::No),
        "a" | "always" if offer == Offer::Always => Some(Approval::Always),
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
            let offer = Offer::of(request, true);
            let text = question(request, offer, Colour::stderr());
            let (answer, answered) = oneshot::channel();
            // Reading a line can't be interrupted: it gets a thread that the program's end takes along.
            std::thread::spawn(move || {
                let _ = answer.send(ask(&text, offer));
            });
            answered.await.ok().flatten()
        })
    }
}

/// Prints the question until there is an answer. `None` at the end of the input.
fn ask(text: &str, offer: Offer) -> Option<Approval> {
    loop {
        forget_typed();
        to_stderr(text);
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
        if let Some(answer) = read_answer(&line, offer) {
            return Some(answer);
        }
        to_stderr(offer.again());
    }
}
