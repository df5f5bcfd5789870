//! Conversations and their messages as people read them.

use super::{Colour, call_label, printable};
use crate::domain::{
    JsonMap, cut,
    message::Message,
    store::{Session, StoredMessage},
};
use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

/// Characters of an id that are shown: enough to tell sessions apart, and accepted in its place.
pub const ID_CHARS: usize = 12;
const TITLE_CHARS: usize = 56;
const NAME_CHARS: usize = 40;
const RESULT_CHARS: usize = 300;

/// How long ago `at_ms` was: `just now`, `5 min ago`, `3 h ago`, `12 days ago`.
pub fn ago(at_ms: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64);
    let minutes = (now - at_ms).max(0) / 60_000;
    match minutes {
        0 => "just now".into(),
        1..=59 => format!("{minutes} min ago"),
        60..=2879 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1440),
    }
}

/// One line of a list of sessions.
pub fn session_line(session: &Session, colour: Colour) -> String {
    let id: String = tail(session.id.as_str());
    let name =
        session.name.as_deref().map(|n| format!(" [{}]", cut::title(n, NAME_CHARS))).unwrap_or_default();
    format!(
        "{}  {:<12}{:>5} messages  {:<6}{}{}",
        colour.paint("36", &id),
        ago(session.touched_ms),
        session.messages,
        session.channel.split(':').next().unwrap_or_default(),
        colour.paint("1", &printable(&name)),
        format_args!(" {}", printable(&cut::title(&session.title, TITLE_CHARS)))
    )
}

/// The short form of an id. ULIDs begin with the time, so short heads of neighbours are equal:
/// the head that is shown is long enough to hold some of the random part.
pub fn tail(id: &str) -> String {
    id.chars().take(ID_CHARS).collect()
}

/// A whole conversation.
pub fn transcript(messages: &[StoredMessage], colour: Colour) -> String {
    let mut out = String::new();
    for stored in messages {
        let (style, who) = match &stored.message {
            Message::User { .. } => ("32;1", "you"),
            Message::Assistant(_) => ("36;1", "agent"),
            Message::Tool(_) => ("33", "tool"),
            Message::Notice { .. } => ("2", "note"),
        };
        // Writing to a String can't fail.
        let _ = write!(out, "{} ", colour.paint(style, who));
        match &stored.message {
            Message::Assistant(message) => {
                let _ = writeln!(out, "{}", printable(&message.text));
                for call in &message.calls {
                    let _ = writeln!(out, "  → {}", call_label(&call.name, &call.args));
                }
            }
            Message::Tool(result) => {
                let text = printable(&cut::middle(result.content.trim_end(), RESULT_CHARS));
                let _ = writeln!(
                    out,
                    "{}: {}",
                    call_label(&result.name, &JsonMap::new()),
                    text.replace('\n', "\n  ")
                );
            }
            other => {
                let _ = writeln!(out, "{}", printable(other.text()));
            }
        }
    }
    out
}
