//! The text in `content`: a string, or a list of parts.

use serde_json::Value;

/// A piece of content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Part of the answer.
    Text(String),
    /// Reasoning among the parts.
    Thought(String),
}

/// The pieces of a `content` field, empty ones left out.
pub(super) fn pieces(content: &Value) -> Vec<Content> {
    match content {
        Value::String(text) if !text.is_empty() => vec![Content::Text(text.clone())],
        Value::Number(number) => vec![Content::Text(number.to_string())],
        Value::Array(parts) => parts.iter().flat_map(part).collect(),
        Value::Object(_) => part(content),
        _ => Vec::new(),
    }
}

fn part(part: &Value) -> Vec<Content> {
    match part.get("type").and_then(Value::as_str) {
        Some("thinking" | "reasoning") => {
            let inner = ["thinking", "reasoning", "text"].iter().find_map(|name| part.get(*name));
            let texts = inner.map(pieces).unwrap_or_default();
            texts
                .into_iter()
                .map(|piece| match piece {
                    Content::Text(text) | Content::Thought(text) => Content::Thought(text),
                })
                .collect()
        }
        _ => match part {
            Value::String(_) => pieces(part),
            _ => part.get("text").map(pieces).unwrap_or_default(),
        },
    }
}
