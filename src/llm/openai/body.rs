//! The body of a request.

use super::{history, learn::Learned, schema};
use crate::{
    domain::{JsonMap, chat::ChatRequest},
    llm::{dialect::Dialect, names::Names},
};
use serde_json::{Value, json};

/// Builds the body. Nothing that isn't set is sent: servers refuse what they don't know.
pub(super) fn build(
    request: ChatRequest<'_>,
    names: &Names,
    dialect: &Dialect,
    learned: &Learned,
    provider: &str,
) -> JsonMap {
    let mut body = JsonMap::new();
    body.insert("model".into(), request.model.into());
    body.insert("messages".into(), history::render(request, names, dialect, provider).into());
    let stream = dialect.stream_tools || request.tools.is_empty();
    body.insert("stream".into(), stream.into());
    if stream && dialect.stream_options {
        body.insert("stream_options".into(), json!({"include_usage": true}));
    }
    if let Some(max) = request.max_tokens {
        body.insert(dialect.max_tokens_field.name().into(), max.into());
    }
    if !request.tools.is_empty() {
        let tools: Vec<Value> = request
            .tools
            .iter()
            .map(|tool| {
                json!({"type": "function", "function": {
                    "name": names.to_wire(&tool.name),
                    "description": tool.description,
                    "parameters": schema::render(&tool.parameters, dialect.schema),
                }})
            })
            .collect();
        body.insert("tools".into(), tools.into());
        if let Some(parallel) = dialect.parallel_tool_calls {
            body.insert("parallel_tool_calls".into(), parallel.into());
        }
    }
    for (key, value) in &dialect.extra_body {
        match value {
            Value::Null => body.remove(key),
            _ => body.insert(key.clone(), value.clone()),
        };
    }
    learned.strip(&mut body);
    body
}
