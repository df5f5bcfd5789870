//! What a server's refusals teach about a model: parameters it doesn't know, forms it wants.

use super::body::Body;
use crate::{
    domain::JsonMap,
    llm::{
        dialect::{ContentWithCalls, Dialect, SystemRole},
        words::Words,
    },
};
use std::collections::BTreeSet;

/// How many refusals in a row one attempt learns from.
pub(super) const MAX_LESSONS: usize = 4;

/// The lessons on one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Learned {
    dropped: BTreeSet<String>,
    other_max_tokens: bool,
    other_system_role: bool,
    no_reasoning: bool,
    empty_content: bool,
    no_stream_with_tools: bool,
}

impl Learned {
    /// `dialect` as it is for this model.
    pub(super) fn applied(&self, dialect: &Dialect) -> Dialect {
        let mut dialect = dialect.clone();
        if self.other_max_tokens {
            dialect.max_tokens_field = dialect.max_tokens_field.other();
        }
        if self.other_system_role {
            dialect.system_role = match dialect.system_role {
                SystemRole::System => SystemRole::Developer,
                SystemRole::Developer => SystemRole::System,
            };
        }
        if self.no_reasoning {
            dialect.replay_reasoning = false;
        }
        if self.empty_content {
            dialect.assistant_content_with_calls = ContentWithCalls::Empty;
        }
        if self.no_stream_with_tools {
            dialect.stream_tools = false;
        }
        dialect
    }

    /// Takes away what the server doesn't know.
    pub(super) fn strip(&self, body: &mut JsonMap) {
        body.retain(|key, _| !self.dropped.contains(key));
    }

    /// Whether the server takes a field, as far as is known.
    pub(super) fn takes(&self, field: &str) -> bool {
        !self.dropped.contains(field)
    }

    /// Learns from a refusal of `body`. Whether there was something new, so that it is worth asking again.
    pub(super) fn learn_from(&mut self, status: u16, words: &Words, body: &Body) -> bool {
        if !matches!(status, 400 | 422) {
            return false;
        }
        let before = self.clone();
        let text = format!("{} {}", words.code, words.message).to_lowercase();
        let param = words.param.as_deref().unwrap_or_default();
        let names = |key: &str| param == key || has_word(&text, key);
        let refused = REFUSED.iter().any(|phrase| text.contains(phrase));

        if let Some(field) = ["max_tokens", "max_completion_tokens"].into_iter().find(|f| body.has(f)) {
            if refused && names(field) {
                // The second time neither will do.
                match self.other_max_tokens {
                    true => self.dropped.insert(field.to_owned()),
                    false => std::mem::replace(&mut self.other_max_tokens, true),
                };
            } else if names(field) && TOO_LARGE.iter().any(|phrase| text.contains(phrase))
                || text.contains(COUNTED_IN)
            {
                self.dropped.insert(field.to_owned());
            }
        }
        if refused {
            let named = body.keys().filter(|key| !KEPT.contains(key) && names(key));
            self.dropped.extend(named.map(str::to_owned).collect::<Vec<_>>());
            if ["reasoning_content", "reasoning_details", "reasoning"]
                .iter()
                .any(|field| has_word(&text, field))
            {
                self.no_reasoning |= has_reasoning(body);
            }
            if text.contains("stream") && text.contains("tool") && !names("stream_options") {
                self.no_stream_with_tools |=
                    body.has("tools") && body.field("stream").is_some_and(|stream| *stream == true);
            }
        }
        if text.contains("developer") && text.contains("role") {
            self.other_system_role |= has_role(body, "developer");
        }
        if text.contains("content")
            && ["null", "none", "required", "missing", "string"].iter().any(|w| text.contains(w))
        {
            self.empty_content |= has_bare_call(body);
        }
        *self != before
    }
}

const REFUSED: [&str; 14] = [
    "unsupported",
    "not supported",
    "does not support",
    "doesn't support",
    "unrecognized",
    "unknown",
    "unexpected",
    "not permitted",
    "not allowed",
    "only allowed",
    "extra inputs",
    "extra_forbidden",
    "no such",
    "invalid parameter",
];

const TOO_LARGE: [&str; 4] = ["too large", "at most", "less than or equal", "exceeds"];

/// Of a request that would fit, were it not for the answer that it asks for.
const COUNTED_IN: &str = "in the completion";

/// Fields without which there is no request.
const KEPT: [&str; 6] = ["model", "messages", "tools", "stream", "max_tokens", "max_completion_tokens"];

/// Whether `word` stands in `text` by itself, not as a part of a longer name.
fn has_word(text: &str, word: &str) -> bool {
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(name) && !text[at + word.len()..].starts_with(name))
}

fn messages(body: &Body) -> impl Iterator<Item = &serde_json::Value> {
    body.field("messages").and_then(|list| list.as_array()).into_iter().flatten()
}

fn has_reasoning(body: &Body) -> bool {
    messages(body)
        .any(|m| ["reasoning_content", "reasoning_details", "reasoning"].iter().any(|f| m.get(f).is_some()))
}

fn has_role(body: &Body, role: &str) -> bool {
    messages(body).any(|m| m["role"] == role)
}

fn has_bare_call(body: &Body) -> bool {
    messages(body).any(|m| m.get("tool_calls").is_some() && m.get("content").is_none_or(|c| c.is_null()))
}
