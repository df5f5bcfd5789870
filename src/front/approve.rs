//! Asking the person at the terminal.

use super::{Colour, Live, call_label, printable};
use crate::domain::{
    BoxFuture,
    approval::{Approval, ApprovalRequest, Approver},
};
use std::{
    io::{BufRead, Write},
    sync::Arc,
};
use tokio::sync::{Mutex, oneshot};

/// The question, as printed: what would run, all of it, and why it is asked.
pub fn question(request: &ApprovalRequest, colour: Colour) -> String {
    let call = &request.call;
    let mut text = format!("{} {}\n", colour.paint("33;1", "?"), call_label(&call.name, &call.args));
    // What the one line leaves out must be seen too before it is allowed.
    let args = serde_json::to_string_pretty(&call.args).unwrap_or_default();
    text.push_str(&printable(&args));
    text.push_str(&format!("\n{}\n", colour.paint("2", &printable(&request.reason))));
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
        eprint!("{text}");
        let _ = std::io::stderr().flush();
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
        if let Some(answer) = read_answer(&line) {
            return Some(answer);
        }
        eprintln!("please answer y, n or a");
    }
}
