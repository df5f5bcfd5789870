//! The points of a turn between its prompt and its answer.

use super::{Point, object, text};
use crate::domain::{
    call::ToolResult,
    hook::{Hooks, TurnContext},
    message::{AssistantMessage, Message},
    store::StoredMessage,
};
use serde_json::{Value, json};

/// What `model` hooks are told besides the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelAsked {
    /// Rounds of tool calls so far; 0: the turn's first call of a model.
    pub round: u32,
    /// Whether tools are on offer.
    pub tools: bool,
    /// The estimated tokens of the request.
    pub estimated_input: u64,
}

/// The older part of a conversation that has grown long.
#[derive(Clone, Copy, Debug)]
pub struct Digest<'a> {
    /// What shall be put shorter, oldest first.
    pub messages: &'a [StoredMessage],
    /// Its estimated tokens.
    pub tokens: u64,
    /// The tokens that the whole conversation may have.
    pub room: u64,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compaction {
    /// The model summarises it.
    Usual,
    /// This stands for it.
    Summary(String),
    /// It stays as it is.
    Keep,
}

impl dyn Hooks + '_ {
    /// Threads the name of the model that is about to be asked through the `model` hooks.
    pub async fn model(&self, model: String, asked: ModelAsked, context: &TurnContext) -> String {
        if !self.hooked(Point::Model) {
            return model;
        }
        let ModelAsked { round, tools, estimated_input } = asked;
        let value = object(
            json!({ "model": model, "round": round, "tools": tools, "estimated_input": estimated_input }),
        );
        text(&mut self.thread(Point::Model, value, context).await.value, "model")
    }

    /// Threads a model's message through the `response` hooks, which may change its text.
    pub async fn response(&self, message: &mut AssistantMessage, model: &str, context: &TurnContext) {
        if !self.hooked(Point::Response) {
            return;
        }
        let calls: Vec<Value> =
            message.calls.iter().map(|call| json!({ "name": call.name, "args": call.args })).collect();
        let said = std::mem::take(&mut message.text);
        let value = object(json!({ "text": said, "model": model, "calls": calls }));
        message.text = text(&mut self.thread(Point::Response, value, context).await.value, "text");
    }

    /// Threads a result through the `tool_result` hooks, which may change its content.
    pub async fn tool_result(
        &self,
        result: &mut ToolResult,
        args: &crate::domain::JsonMap,
        context: &TurnContext,
    ) {
        if !self.hooked(Point::ToolResult) {
            return;
        }
        let content = std::mem::take(&mut result.content);
        let value = object(json!({
            "name": result.name, "args": args, "status": result.status, "content": content, "meta": result.meta,
        }));
        let threaded = &mut self.thread(Point::ToolResult, value, context).await.value;
        let changed = text(threaded, "content");
        if changed != content {
            // What programs would get still says what the hook took out.
            result.data = None;
        }
        result.content = changed;
    }

    /// Asks the `finalize` hooks about an answer: the remark with which it goes back to the model,
    /// if it does. `attempt` counts from 1.
    pub async fn finalize(&self, said: &str, attempt: u32, context: &TurnContext) -> Option<String> {
        if !self.hooked(Point::Finalize) {
            return None;
        }
        let value = object(json!({ "text": said, "attempt": attempt }));
        let remark = text(&mut self.thread(Point::Finalize, value, context).await.value, "retry");
        (!remark.trim().is_empty()).then_some(remark)
    }

    /// Threads an answer on its way to the person through the `reply` hooks.
    pub async fn reply(&self, said: String, context: &TurnContext) -> String {
        if !self.hooked(Point::Reply) {
            return said;
        }
        let value = object(json!({ "text": said }));
        text(&mut self.thread(Point::Reply, value, context).await.value, "text")
    }

    /// Asks the `compaction` hooks what shall stand for the older part of a conversation.
    pub async fn compaction(&self, digest: Digest<'_>, context: &TurnContext) -> Compaction {
        if !self.hooked(Point::Compaction) {
            return Compaction::Usual;
        }
        let messages: Vec<Value> = digest.messages.iter().map(|m| shown(&m.message)).collect();
        let value = object(json!({ "messages": messages, "tokens": digest.tokens, "room": digest.room }));
        let mut value = self.thread(Point::Compaction, value, context).await.value;
        let summary = text(&mut value, "summary");
        match value.get("keep") {
            _ if !summary.trim().is_empty() => Compaction::Summary(summary),
            Some(Value::Bool(true)) => Compaction::Keep,
            _ => Compaction::Usual,
        }
    }
}

fn shown(message: &Message) -> Value {
    let mut shown = json!({ "role": message.role(), "content": message.text() });
    if let Message::Tool(result) = message {
        shown["name"] = result.name.clone().into();
    }
    shown
}
