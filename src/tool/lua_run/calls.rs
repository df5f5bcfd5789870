//! The calls of a program: each passes the policy as the model's own do.

use super::NAME;
use crate::{
    domain::{
        BoxFuture, JsonMap,
        call::{ToolCall, ToolStatus},
    },
    policy::Nested,
    sandbox::{
        Filter,
        lua::{Host, Reply},
    },
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Instant};

/// The longest name of a tool that is noted of a call, in characters: programs make names up.
const MAX_NAME: usize = 100;

pub(super) struct Calls<'a> {
    nested: &'a dyn Nested,
    redact: Option<Arc<dyn Filter>>,
    made: Vec<Value>,
}

impl<'a> Calls<'a> {
    pub(super) fn new(nested: &'a dyn Nested, redact: Option<Arc<dyn Filter>>) -> Self {
        Self { nested, redact, made: vec![] }
    }

    /// Name, status and milliseconds of each call that was made.
    pub(super) fn made(self) -> Vec<Value> {
        self.made
    }

    async fn make(&mut self, name: String, args: JsonMap) -> Reply {
        if name == NAME {
            let message = format!("a program can't call {NAME}: call the tools themselves");
            return Reply::Failed { status: word(ToolStatus::Denied), message };
        }
        let shown: String = name.chars().take(MAX_NAME).collect();
        let began = Instant::now();
        let result = self.nested.call(ToolCall::new(name, args)).await;
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.made.push(json!({ "name": shown, "status": result.status, "ms": ms }));
        match (result.status, result.data) {
            (ToolStatus::Ok, Some(data)) => Reply::Ok(redacted(data, self.redact.as_deref())),
            (ToolStatus::Ok, None) => Reply::Ok(result.content.into()),
            (status, _) => Reply::Failed { status: word(status), message: result.content },
        }
    }
}

impl Host for Calls<'_> {
    fn call(&mut self, name: String, args: JsonMap) -> BoxFuture<'_, Reply> {
        Box::pin(self.make(name, args))
    }
}

fn word(status: ToolStatus) -> String {
    let word = match status {
        ToolStatus::Ok => "ok",
        ToolStatus::Error => "error",
        ToolStatus::Denied => "denied",
        ToolStatus::Cancelled => "cancelled",
        ToolStatus::Interrupted => "interrupted",
    };
    word.into()
}

/// Without secrets: a program could turn one into something that nobody recognises.
fn redacted(data: Value, redact: Option<&dyn Filter>) -> Value {
    let Some(filter) = redact else { return data };
    match data {
        Value::String(text) => Value::String(filter.text(text)),
        Value::Array(items) => items.into_iter().map(|item| redacted(item, redact)).collect(),
        Value::Object(map) => {
            let fields = map.into_iter().map(|(name, value)| (filter.text(name), redacted(value, redact)));
            Value::Object(fields.collect())
        }
        plain => plain,
    }
}
