//! Messages that did not get through, as `openpista outbox` and `openpista inbox` list them.

use serde::Serialize;

/// A message on its way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueuedOut {
    /// Its number.
    pub id: i64,
    /// The channel.
    pub channel: String,
    /// Where on the channel it goes.
    pub conversation: String,
    /// What it says.
    pub text: String,
    /// `pending`, `sending` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub tries: u32,
    /// Why it was not delivered, when that was tried last.
    pub error: Option<String>,
    /// When it is tried next, in milliseconds since 1970 (UTC), unless it is set aside.
    pub due_ms: i64,
    /// When it was written, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
}

/// A message that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueuedIn {
    /// Its number.
    pub id: i64,
    /// The channel.
    pub channel: String,
    /// Where on the channel it came from.
    pub conversation: String,
    /// Who spoke, by the platform's own id.
    pub user: String,
    /// What was said.
    pub text: String,
    /// `new`, `answering`, `failed` or `interrupted`.
    pub state: String,
    /// What the person was told instead of an answer.
    pub told: Option<String>,
    /// When it came, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
}
