//! The points at which a user's functions take part, besides `prompt` and `tool_call`, and what
//! they get and may say at each.
//!
//! At every point a value, a JSON object, threads through the hooks. A hook may change it, or end
//! the matter. The functions below put the values together and read what came of them, so that the
//! places that ask know nothing of JSON.

mod approving;
mod messages;
mod timed;
mod turn;

pub use approving::Decider;
pub use messages::{MessageDraft, Received};
pub use turn::{Compaction, Digest, ModelAsked};

use super::JsonMap;
use std::time::Duration;

/// A point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// A message comes in.
    Message,
    /// A model is about to be asked.
    Model,
    /// A model has answered; nothing is stored or done yet.
    Response,
    /// A tool has its result; it is not stored yet.
    ToolResult,
    /// A turn has an answer.
    Finalize,
    /// An answer goes to the person.
    Reply,
    /// A message leaves by a channel.
    Outbound,
    /// A person would be asked about a call.
    Approval,
    /// A conversation has grown long.
    Compaction,
    /// A run of a job is about to begin.
    Cron,
}

impl Point {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Message,
        Self::Model,
        Self::Response,
        Self::ToolResult,
        Self::Finalize,
        Self::Reply,
        Self::Outbound,
        Self::Approval,
        Self::Compaction,
        Self::Cron,
    ];

    /// The name, as in `pista.hook("message", …)`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Model => "model",
            Self::Response => "response",
            Self::ToolResult => "tool_result",
            Self::Finalize => "finalize",
            Self::Reply => "reply",
            Self::Outbound => "outbound",
            Self::Approval => "approval",
            Self::Compaction => "compaction",
            Self::Cron => "cron",
        }
    }

    /// Whether a hook that fails ends the matter. At the other points it changes nothing.
    pub const fn fails_closed(self) -> bool {
        matches!(self, Self::Message)
    }
}

/// What came of a value that threaded through the hooks of a point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Threaded {
    /// The value, as the hooks left it.
    pub value: JsonMap,
    /// What ended it, where one of them did.
    pub ending: Option<Ending>,
}

/// How a hook ends the matter. `by` is its `file:line`.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// `pista.allow()`.
    Allow {
        /// Which hook.
        by: String,
    },
    /// `pista.deny(reason)`.
    Deny {
        /// Why.
        reason: String,
        /// Which hook.
        by: String,
    },
    /// `pista.ask { to = …, timeout = … }`.
    Ask {
        /// Whom; none: whoever is there.
        to: Vec<String>,
        /// How long the answer may take.
        timeout: Option<Duration>,
        /// Which hook.
        by: String,
    },
    /// `pista.answer(text)`.
    Answer {
        /// The text.
        content: String,
        /// Which hook.
        by: String,
    },
    /// `pista.drop(reason)`.
    Drop {
        /// Why; may be empty.
        reason: String,
        /// Which hook.
        by: String,
    },
    /// It failed, at a point that fails closed.
    Failed {
        /// How, for a person to read; names the hook.
        reason: String,
    },
}

/// The text of a field; empty when there is none.
fn text(value: &mut JsonMap, field: &str) -> String {
    match value.remove(field) {
        Some(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

/// A value from its fields.
fn object(value: serde_json::Value) -> JsonMap {
    match value {
        serde_json::Value::Object(map) => map,
        _ => JsonMap::new(),
    }
}
