//! Reading JSON objects out of what models write as arguments.

use super::forms::loose;
use crate::domain::{JsonMap, text};
use serde_json::Value;

/// How deep arguments may be nested. Whoever stores or shows them puts them into more, and readers of
/// JSON end at 128.
const MAX_DEPTH: u32 = 64;

/// The arguments in `text`: an object; nothing at all, which is an empty one; an object inside a
/// string; an object with raw line ends in its strings. `None`: something else.
pub(super) fn arguments(text: &str) -> Option<JsonMap> {
    let text = text.trim();
    if text.is_empty() || text == "null" {
        return Some(JsonMap::new());
    }
    let value = json(text).or_else(|| text.starts_with('{').then(|| loose::value(text)).flatten());
    match value.filter(|value| is_shallow(value, MAX_DEPTH))? {
        Value::Object(map) => Some(map),
        Value::String(inner) => match json(inner.trim()) {
            Some(value @ Value::Object(_)) if !is_shallow(&value, MAX_DEPTH) => None,
            Some(Value::Object(map)) => Some(map),
            _ => inner.trim().is_empty().then(JsonMap::new),
        },
        Value::Null => Some(JsonMap::new()),
        Value::Array(list) if list.is_empty() => Some(JsonMap::new()),
        _ => None,
    }
}

fn is_shallow(value: &Value, depth: u32) -> bool {
    match value {
        Value::Object(map) => depth > 0 && map.values().all(|inner| is_shallow(inner, depth - 1)),
        Value::Array(list) => depth > 0 && list.iter().all(|inner| is_shallow(inner, depth - 1)),
        _ => true,
    }
}

/// A JSON value, with the raw control characters escaped that small models leave in strings, and halves
/// of surrogate pairs mended.
pub(super) fn json(text: &str) -> Option<Value> {
    text::from_json(text).ok().or_else(|| {
        text.bytes().any(|b| b < 0x20).then(|| text::from_json(&escape_control(text)).ok()).flatten()
    })
}

/// JSON on one line: control characters in strings are escaped, or left out where they mean nothing;
/// elsewhere they become blanks.
pub(in crate::llm) fn escape_control(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let (mut in_string, mut after_backslash) = (false, false);
    for c in text.chars() {
        match c {
            '\n' if in_string => out.push_str("\\n"),
            '\t' if in_string => out.push_str("\\t"),
            '\r' if in_string => out.push_str("\\r"),
            c if in_string && c < ' ' => {}
            c if c < ' ' => out.push(' '),
            c => out.push(c),
        }
        match c {
            _ if after_backslash => after_backslash = false,
            '\\' if in_string => after_backslash = true,
            '"' => in_string = !in_string,
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_arguments() {
        for text in ["", " ", "null", "{}", "\"\"", "\"{}\"", "[]"] {
            assert_eq!(arguments(text), Some(JsonMap::new()), "{text:?}");
        }
        for text in [r#"{"a":1}"#, r#""{\"a\":1}""#, "{\n \"a\": 1\n}"] {
            assert_eq!(arguments(text).map(|m| m["a"].clone()), Some(1.into()), "{text:?}");
        }
        let raw = "{\"script\":\"line 1\nline 2\\\\\"}";
        assert_eq!(arguments(raw).map(|m| m["script"].clone()), Some("line 1\nline 2\\".into()));
        let nested = |depth| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(arguments(&nested(64)).is_some());
        assert_eq!((arguments(&nested(65)), arguments(&nested(100_000))), (None, None));
        assert_eq!(arguments(r#"{"a":"현\ud99c"}"#).map(|m| m["a"].clone()), Some("현\u{fffd}".into()));
        assert_eq!(arguments("{'a': True}").map(|m| m["a"].clone()), Some(true.into()));
        for text in ["{", "[1]", "3", "\"x\"", r#"{"a":}"#, "{a: /x}"] {
            assert_eq!(arguments(text), None, "{text:?}");
        }
    }
}
