//! A conversation in the form that servers take.
//!
//! Whatever the history holds, what is sent keeps the rules: the system prompt once and first; every
//! call followed at once by its one result; no two messages of the same role in a row (but results);
//! a user's message before the model's first.

use super::ids::Ids;
use crate::{
    domain::{
        JsonMap,
        call::{ToolCall, ToolResult},
        chat::ChatRequest,
        id::CallId,
        message::{AssistantMessage, Message},
        text,
    },
    llm::{
        dialect::{ContentWithCalls, Dialect, SystemRole},
        names::Names,
    },
};
use serde_json::{Value, json};
use std::collections::HashMap;

/// What stands before a remark of the engine's, which is sent in the user's role.
pub const NOTICE_MARK: &str = "[note from the engine]";

const NO_RESULT: &str = "(no result was recorded for this call; it may or may not have run)";
const EMPTY: &str = "(empty)";
const CONTINUES: &str = "[note from the engine] (the conversation continues)";
const FILLER: &str = "(interrupted)";

/// The `messages` of a request to the provider called `provider`.
pub(super) fn render(
    request: ChatRequest<'_>,
    names: &Names,
    dialect: &Dialect,
    provider: &str,
) -> Vec<Value> {
    let mut wire = Wire {
        names,
        dialect,
        provider,
        ids: Ids::new(dialect.tool_call_id_format),
        out: Vec::with_capacity(request.messages.len() + 1),
    };
    if !request.system.is_empty() {
        let role = match dialect.system_role {
            SystemRole::System => "system",
            SystemRole::Developer => "developer",
        };
        wire.out.push(json!({"role": role, "content": request.system}));
    }
    let results = results(request.messages);
    for message in request.messages {
        match message {
            Message::User { text } => wire.user(text),
            Message::Notice { text } => wire.user(&format!("{NOTICE_MARK} {text}")),
            Message::Assistant(message) => wire.assistant(message, &results),
            // Sent right behind its call.
            Message::Tool(_) => {}
        }
    }
    if !wire.out.iter().any(|message| message["role"] == "user") {
        wire.user(CONTINUES);
    }
    wire.out
}

/// The first result of each call.
fn results(messages: &[Message]) -> HashMap<&CallId, &ToolResult> {
    let mut found = HashMap::new();
    for message in messages {
        if let Message::Tool(result) = message {
            found.entry(&result.call_id).or_insert(result);
        }
    }
    found
}

struct Wire<'a> {
    names: &'a Names,
    dialect: &'a Dialect,
    provider: &'a str,
    ids: Ids,
    out: Vec<Value>,
}

impl Wire<'_> {
    fn user(&mut self, text: &str) {
        let text = if text.trim().is_empty() { EMPTY } else { text };
        if self.last_role() == "tool" && self.dialect.assistant_after_tool {
            self.out.push(json!({"role": "assistant", "content": FILLER}));
        }
        self.push_text("user", text);
    }

    fn assistant(&mut self, message: &AssistantMessage, results: &HashMap<&CallId, &ToolResult>) {
        if message.text.trim().is_empty() && message.calls.is_empty() {
            return;
        }
        if matches!(self.last_role(), "" | "system" | "developer") {
            self.push_text("user", CONTINUES);
        }
        let own = message.origin == self.provider;
        if !message.text.trim().is_empty() {
            self.push_text("assistant", &message.text);
        } else if self.last_role() != "assistant" {
            let content = match self.dialect.assistant_content_with_calls {
                ContentWithCalls::Omit => json!({"role": "assistant"}),
                ContentWithCalls::Empty => json!({"role": "assistant", "content": ""}),
                ContentWithCalls::Null => json!({"role": "assistant", "content": null}),
            };
            self.out.push(content);
        }
        let ids: Vec<String> = message.calls.iter().map(|call| self.ids.of(call, own)).collect();
        let calls: Vec<Value> =
            message.calls.iter().zip(&ids).map(|(call, id)| self.call(call, id, own)).collect();
        if let Some(Value::Object(sent)) = self.out.last_mut() {
            if own {
                sent.extend(replayed(message, self.dialect.replay_reasoning));
            }
            if !calls.is_empty() {
                sent.insert("tool_calls".into(), calls.into());
            }
        }
        for (call, id) in message.calls.iter().zip(ids) {
            let content = results.get(&call.id).map_or(NO_RESULT, |result| result.content.as_str());
            let content = if content.is_empty() { EMPTY } else { content };
            self.out.push(json!({"role": "tool", "tool_call_id": id, "content": content}));
        }
    }

    fn call(&self, call: &ToolCall, id: &str, own: bool) -> Value {
        let mut sent = if own { call.extras.clone() } else { JsonMap::new() };
        // What the model sent instead of an object is never sent again: many servers answer it with 400.
        let args = if call.invalid.is_some() { &JsonMap::new() } else { &call.args };
        let mut arguments = serde_json::to_string(args).unwrap_or_else(|_| "{}".to_owned());
        if arguments.contains("\\u0000") {
            arguments = text::clean_value(args.clone().into()).to_string();
        }
        sent.insert("id".into(), id.into());
        sent.insert("type".into(), "function".into());
        sent.insert(
            "function".into(),
            json!({"name": self.names.to_wire(&call.name), "arguments": arguments}),
        );
        sent.into()
    }

    /// Appends text, to the message before if that is plain text of the same role.
    fn push_text(&mut self, role: &str, text: &str) {
        let joined =
            self.out.last_mut().filter(|last| last["role"] == role && last.get("tool_calls").is_none());
        match joined.and_then(|last| last.get_mut("content")) {
            Some(Value::String(content)) => {
                content.push_str("\n\n");
                content.push_str(text);
            }
            _ => self.out.push(json!({"role": role, "content": text})),
        }
    }

    fn last_role(&self) -> &str {
        self.out.last().and_then(|message| message["role"].as_str()).unwrap_or_default()
    }
}

/// The fields that the server wants back: reasoning only with the calls it led to, and only where
/// it is wanted; signatures always.
fn replayed(message: &AssistantMessage, reasoning: bool) -> JsonMap {
    let kept = message.extras.iter().filter(|(name, _)| match name.as_str() {
        "reasoning" | "reasoning_content" | "reasoning_text" => reasoning && !message.calls.is_empty(),
        "reasoning_details" => reasoning,
        "role" | "content" | "tool_calls" => false,
        _ => true,
    });
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}
