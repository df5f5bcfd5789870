//! A server's own words, out of the many forms in which errors come.

use crate::domain::text::from_json;
use serde_json::Value;

/// The longest text of an error that is passed on, in characters.
pub(super) const MAX_WORDS: usize = 2_000;

/// What an error body says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Words {
    /// The message, for people.
    pub(super) message: String,
    /// The machine-readable code, type and status words, joined by spaces.
    pub(super) code: String,
    /// The HTTP status that the body tells.
    pub(super) status: Option<u16>,
    /// The parameter at fault.
    pub(super) param: Option<String>,
    /// `retryDelay` of Google's.
    pub(super) retry_delay: Option<String>,
    /// The size of the context window, when given as a field.
    pub(super) window: Option<u32>,
    /// Whether it was JSON.
    pub(super) structured: bool,
}

impl Words {
    /// Reads a body: JSON of any known shape, a web page, plain text.
    pub(super) fn of_body(body: &str) -> Self {
        match from_json::<Value>(body.trim()) {
            Ok(value) if !matches!(value, Value::Number(_) | Value::Null | Value::Bool(_)) => {
                Self { structured: true, ..Self::of_value(&value) }
            }
            _ => Self { message: cut(&without_tags(body)), ..Self::default() },
        }
    }

    /// Reads an error object, or whatever stands in its place.
    pub(super) fn of_value(value: &Value) -> Self {
        let value = match value {
            Value::Array(list) if list.len() == 1 => &list[0],
            other => other,
        };
        let inner = value.get("error").filter(|e| !e.is_null()).unwrap_or(value);
        let outer_detail = value.get("detail").or(value.get("message"));
        let mut words = Self::default();
        let message = match inner {
            Value::String(text) => text.clone(),
            _ => [inner.get("message"), inner.get("detail"), inner.get("error"), outer_detail]
                .into_iter()
                .flatten()
                .find_map(readable)
                .unwrap_or_else(|| inner.to_string()),
        };
        // What the server behind a router said is what helps.
        let raw = inner.pointer("/metadata/raw").and_then(readable).filter(|raw| !message.contains(raw));
        words.message = cut(&raw.map_or(message.clone(), |raw| format!("{message}: {raw}")));
        for field in ["code", "type", "status"] {
            match inner.get(field) {
                Some(Value::String(text)) => {
                    words.status = words.status.or(text.parse().ok().filter(is_status));
                    words.code = format!("{} {text}", words.code).trim().to_owned();
                }
                Some(Value::Number(number)) => {
                    let number = number.as_u64().and_then(|n| u16::try_from(n).ok());
                    words.status = words.status.or(number.filter(is_status));
                }
                _ => {}
            }
        }
        words.param = inner.get("param").and_then(Value::as_str).map(str::to_owned);
        words.window = inner.get("n_ctx").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        words.retry_delay = inner
            .get("details")
            .and_then(Value::as_array)
            .and_then(|list| list.iter().find_map(|d| d.get("retryDelay")?.as_str().map(str::to_owned)));
        words
    }
}

fn is_status(number: &u16) -> bool {
    (400..600).contains(number)
}

/// Text of a value: itself, or the messages of a list of complaints.
fn readable(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Array(list) if !list.is_empty() => {
            Some(list.iter().map(complaint).collect::<Vec<_>>().join("; "))
        }
        Value::Object(map) => match map.get("message").or(map.get("detail")) {
            Some(inner) => readable(inner),
            None => Some(value.to_string()),
        },
        _ => None,
    }
}

/// One validation complaint: `{"loc": ["body", "max_tokens"], "msg": "…"}`.
fn complaint(value: &Value) -> String {
    let place = value.get("loc").and_then(Value::as_array).map(|loc| {
        loc.iter()
            .map(|p| p.as_str().map_or_else(|| p.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(".")
    });
    match (place, value.get("msg").and_then(Value::as_str)) {
        (Some(place), Some(text)) => format!("{place}: {text}"),
        (_, Some(text)) => text.to_owned(),
        _ => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

/// Cuts to the length that is passed on.
pub(super) fn cut(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => {
            format!("{}…", &text[..text[..end].char_indices().next_back().map_or(0, |(i, _)| i)])
        }
        None => text.to_owned(),
    }
}

/// The text of a web page, roughly; other text as it is.
fn without_tags(body: &str) -> String {
    if !body.trim_start().starts_with('<') {
        return body.to_owned();
    }
    let mut text = String::new();
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        text.push(' ');
        rest = &rest[start..];
        let skip = ["script", "style"]
            .iter()
            .find(|tag| rest.get(1..=tag.len()).is_some_and(|name| name.eq_ignore_ascii_case(tag)));
        let end = match skip {
            Some(tag) => rest.find(&format!("</{tag}")).and_then(|p| Some(p + rest[p..].find('>')?)),
            None => rest.find('>'),
        };
        rest = end.map_or("", |end| &rest[end + 1..]);
    }
    text.push_str(rest);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_error_gives_its_words() {
        for (body, message) in [
            (r#"{"error":{"message":"bad","type":"t","code":"c"}}"#, "bad"),
            (r#"{"error":"just text"}"#, "just text"),
            (r#"{"message":"top","code":"x"}"#, "top"),
            (r#"{"detail":"Not Found"}"#, "Not Found"),
            (
                r#"{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted"}]}"#,
                "body.max_completion_tokens: Extra inputs are not permitted",
            ),
            (
                r#"[{"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT"}}]"#,
                "API key not valid",
            ),
            (
                "<html><head><title>502 Bad Gateway</title><style>a{}</style></head><body>nginx</body>",
                "502 Bad Gateway nginx",
            ),
            ("File Not Found", "File Not Found"),
            ("", ""),
            (
                r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"slow down"}}}"#,
                "Provider returned error: slow down",
            ),
        ] {
            assert_eq!(Words::of_body(body).message, message, "{body}");
        }
    }

    #[test]
    fn numbers_and_words_as_codes() {
        assert_eq!(Words::of_body(r#"{"error":{"code":503,"message":"x"}}"#).status, Some(503));
        assert_eq!(Words::of_body(r#"{"error":{"code":"429","message":"x"}}"#).status, Some(429));
        let words = Words::of_body(r#"{"error":{"code":"a","type":"b","message":"x","param":"p"}}"#);
        assert_eq!((words.code.as_str(), words.param.as_deref()), ("a b", Some("p")));
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let text = cut(&"é".repeat(MAX_WORDS + 1));
        assert_eq!(text.chars().count(), MAX_WORDS);
        assert!(text.ends_with('…'));
    }
}
