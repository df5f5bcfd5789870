//! Calls whose parts are told apart by special tokens, whatever these are called:
//! `<|tool_call_begin|>NAME<|tool_call_argument_begin|>{…}<|tool_call_end|>`.

use super::{Declared, Written, is_name, json, named};
use crate::llm::answer::{
    lenient,
    token::{Look, Style, look},
};

pub(super) fn calls(text: &str, declared: &Declared<'_>) -> Vec<Written> {
    let parts = parts(text);
    if parts.len() < 2 && parts.first().is_none_or(|part| part.len() == text.trim().len()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut name: Option<&str> = None;
    for part in parts {
        if is_name(part) {
            // The name follows the word "function" in some.
            name = Some(part);
        } else if part.starts_with(['{', '"', '[']) {
            found.extend(match name.take() {
                Some(name) => {
                    let args = lenient::arguments(part).ok_or_else(|| part.to_owned());
                    vec![Written { name: name.to_owned(), args }]
                }
                None => json::calls(part, declared),
            });
        } else {
            name = None;
            found.extend(named::calls(part, declared));
        }
    }
    if let Some(name) = name.filter(|name| declared.offers(name)) {
        found.push(Written { name: name.to_owned(), args: Ok(Default::default()) });
    }
    found
}

/// What stands between the special tokens of `text`, without blanks around it.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    while let Some(found) = text[at..].find('<') {
        at += found;
        match look(&text[at..]) {
            Look::Token(token) if token.style == Style::Special && token.length > 0 => {
                parts.push(text[start..at].trim());
                at += token.length;
                start = at;
            }
            _ => at += 1,
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}
