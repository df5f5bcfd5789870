//! A turn in a pipe: the answer alone on standard output, the rest in plain lines on standard error.

use super::{Output, call_label, printable, progress::Progress, to_stderr};
use crate::domain::{
    JsonMap,
    call::ToolStatus,
    cut,
    event::{Observer, TurnEvent},
    id::CallId,
};
use std::{
    collections::HashMap,
    io::IsTerminal,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

/// How often it is looked at how long things take.
const TICK: Duration = Duration::from_millis(500);

/// Characters of a call's line.
const LABEL_CHARS: usize = 160;

/// Prints plain lines.
#[derive(Debug)]
pub struct Plain {
    output: Output,
    calls: Mutex<HashMap<CallId, String>>,
    progress: Mutex<Progress>,
}

impl Plain {
    /// The answer goes to `output`. Says what a turn is at that takes long, until dropped. Must be called
    /// on the runtime.
    pub fn start(output: Output) -> Arc<Self> {
        let plain = Arc::new(Self { output, calls: Mutex::default(), progress: Mutex::default() });
        tokio::spawn(tick(Arc::downgrade(&plain)));
        plain
    }

    fn label(&self, id: &CallId, name: &str) -> String {
        let label = self.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        label.unwrap_or_else(|| name.to_owned())
    }
}

async fn tick(plain: Weak<Plain>) {
    loop {
        tokio::time::sleep(TICK).await;
        let Some(plain) = plain.upgrade() else { return };
        let line = plain.progress.lock().unwrap_or_else(PoisonError::into_inner).due();
        if let Some(line) = line {
            to_stderr(&format!("note: {line}\n"));
        }
    }
}

impl Observer for Plain {
    fn observe(&self, event: &TurnEvent) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).take(event);
        match event {
            TurnEvent::ToolStart { id, name, args } => {
                let label = cut::title(&call_label(name, args), LABEL_CHARS);
                self.calls.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), label);
            }
            TurnEvent::ToolEnd { id, name, status, content, meta, duration_ms } => {
                let outcome = outcome(*status, content, meta);
                let label = self.label(id, name);
                to_stderr(&format!("tool: {label} ({outcome}, {})\n", seconds(*duration_ms)));
            }
            TurnEvent::Notice { text } => to_stderr(&format!("note: {}\n", printable(text))),
            TurnEvent::Restart { reason } => {
                to_stderr(&format!("note: trying again: {}\n", printable(reason)));
            }
            // A hook took the message, or the answer, away, and has said so.
            TurnEvent::Done { text, .. } if text.is_empty() => {}
            TurnEvent::Done { text, .. } => {
                let text = text.trim_end();
                // A program that reads the answer gets it as it is.
                let text = if std::io::stdout().is_terminal() { printable(text) } else { text.to_owned() };
                self.output.write(&format!("{text}\n"));
            }
            TurnEvent::Failed { error, .. } => to_stderr(&format!("error: {}\n", printable(error))),
            TurnEvent::Start { .. } | TurnEvent::Text { .. } | TurnEvent::Reasoning { .. } => {}
        }
    }
}

/// How a call ended, in a few words.
pub(super) fn outcome(status: ToolStatus, content: &str, meta: &JsonMap) -> String {
    match status {
        ToolStatus::Ok => match meta.get("exit_code").and_then(serde_json::Value::as_i64) {
            Some(code) if code != 0 => format!("exit {code}"),
            None if meta.contains_key("signal") => format!("signal {}", meta["signal"]),
            _ => "ok".into(),
        },
        ToolStatus::Denied | ToolStatus::Error => printable(&cut::title(content, LABEL_CHARS)),
        ToolStatus::Cancelled => "cancelled".into(),
        ToolStatus::Interrupted => "interrupted".into(),
    }
}

/// `0.12 s`, `45 s`, `2 min 5 s`.
pub(super) fn seconds(ms: u64) -> String {
    match ms {
        0..=9_999 => format!("{:.2} s", ms as f64 / 1e3),
        10_000..=59_999 => format!("{} s", ms / 1000),
        _ => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
    }
}
