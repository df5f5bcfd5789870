//! What things cost in tokens, by our estimate.

use crate::domain::{JsonMap, call::ToolCall, message::Message, tool::ToolSpec, usage::estimate_tokens};
use serde_json::Value;

/// Tokens that a message costs besides its text.
const MESSAGE_OVERHEAD: u64 = 8;
/// Tokens that a tool costs besides its description and its parameters.
const TOOL_OVERHEAD: u64 = 16;

/// The estimated tokens of a message, with all that is sent back to the server with it.
pub(super) fn cost(message: &Message) -> u64 {
    let more = match message {
        Message::Assistant(assistant) => fields_cost(&assistant.extras) + calls_cost(&assistant.calls),
        _ => 0,
    };
    MESSAGE_OVERHEAD + estimate_tokens(message.text()) + more
}

fn calls_cost(calls: &[ToolCall]) -> u64 {
    let cost = |call: &ToolCall| {
        MESSAGE_OVERHEAD + estimate_tokens(&call.name) + fields_cost(&call.args) + fields_cost(&call.extras)
    };
    calls.iter().map(cost).sum()
}

fn fields_cost(fields: &JsonMap) -> u64 {
    fields.iter().map(|(name, value)| estimate_tokens(name) + value_cost(value) + 2).sum()
}

/// The estimated tokens of the tools on offer.
pub(super) fn tools_cost(tools: &[ToolSpec]) -> u64 {
    let cost =
        |tool: &ToolSpec| estimate_tokens(&tool.description) + tool.parameters.tokens() + TOOL_OVERHEAD;
    tools.iter().map(cost).sum()
}

fn value_cost(value: &Value) -> u64 {
    match value {
        Value::String(text) => estimate_tokens(text),
        other => estimate_tokens(&other.to_string()),
    }
}

/// The estimated tokens of a conversation.
pub(super) fn total(messages: &[Message]) -> u64 {
    messages.iter().map(cost).sum()
}
