//! A tool call that the model asks for, and what became of it.

use super::{JsonMap, id::CallId};
use serde::{Deserialize, Serialize};

/// A request to run a tool. Running it takes an `Authorized<ToolCall>`, which only `policy` makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Our id; unique in the session.
    pub id: CallId,
    /// The tool's name as registered, for example `system.run`.
    pub name: String,
    /// The arguments. Empty when `invalid` is set.
    #[serde(default)]
    pub args: JsonMap,
    /// What the model sent instead of a JSON object, cut to a readable length, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<String>,
    /// Opaque fields of the server's that must be sent back with this call, such as
    /// `extra_content`; and `id`, the server's own id for the call.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub extras: JsonMap,
}

impl ToolCall {
    /// A call with a fresh id and no extras.
    pub fn new(name: impl Into<String>, args: JsonMap) -> Self {
        Self { id: CallId::generate(), name: name.into(), args, invalid: None, extras: JsonMap::new() }
    }
}

/// What the model reads as the result of a call that was under way when the program ended.
pub const INTERRUPTED: &str =
    "interrupted: the program ended before this call finished; whether it took effect is unknown";

/// How a tool call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// The tool did its work. A command that ran and failed is a result too, and ends here.
    Ok,
    /// The tool could not do its work.
    Error,
    /// The policy, or a person, said no.
    Denied,
    /// The turn was cancelled while the call was under way or waiting.
    Cancelled,
    /// The program ended before the call did.
    Interrupted,
}

/// The answer to one tool call, as the model reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call that this answers.
    pub call_id: CallId,
    /// The tool's name.
    pub name: String,
    /// How it ended.
    pub status: ToolStatus,
    /// The text that the model gets, within the output limit.
    pub content: String,
    /// Facts for programs: `exit_code`, `duration_ms`, `truncated_bytes`, `spill` (a path), …
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub meta: JsonMap,
    /// The same result for programs (scripts, code mode), where the tool has more than a text to
    /// give. Neither stored nor sent to a model.
    #[serde(skip)]
    pub data: Option<serde_json::Value>,
}

impl ToolResult {
    /// An answer to `call` without facts.
    pub fn new(call: &ToolCall, status: ToolStatus, content: impl Into<String>) -> Self {
        Self {
            call_id: call.id.clone(),
            name: call.name.clone(),
            status,
            content: content.into(),
            meta: JsonMap::new(),
            data: None,
        }
    }
}
