//! `NAME{…}`, `NAME({…})`, `NAME[ARGS]{…}` and a name with a block of JSON, one after the other.

use super::{Declared, Written, is_name, loose};
use crate::{domain::JsonMap, llm::answer::lenient};

pub(super) fn calls(text: &str, declared: &Declared<'_>) -> Vec<Written> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    if is_name(rest) && declared.offers(rest) {
        return vec![Written { name: rest.to_owned(), args: Ok(JsonMap::new()) }];
    }
    while let Some(at) = rest.find('{') {
        let name = name(&rest[..at]);
        let (true, Some((args, length))) = (is_name(name), object(&rest[at..])) else { break };
        found.push(Written { name: name.to_owned(), args: Ok(args) });
        rest = rest[at + length..].trim_start().trim_start_matches([')', '`', ']', ',', ';']).trim_start();
    }
    found
}

/// The name that stands before an object.
fn name(before: &str) -> &str {
    let name = before.trim().trim_end_matches('(').trim_end();
    let name = name.trim_end_matches("json").trim_end_matches("```").trim_end();
    let name = name.trim_end_matches("[ARGS]").trim_end();
    let name = name.rsplit("[TOOL_CALLS]").next().unwrap_or_default();
    let name = name.split("[CALL_ID]").next().unwrap_or_default();
    let name = name.trim().trim_end_matches(':').trim_end();
    name.strip_prefix("call:").unwrap_or(name)
}

/// The object at the start of `text`, and its length.
fn object(text: &str) -> Option<(JsonMap, usize)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<JsonMap>();
    if let Some(Ok(args)) = values.next() {
        return Some((args, values.byte_offset()));
    }
    let mut reader = loose::Reader::new(text);
    if let Some(serde_json::Value::Object(args)) = reader.value() {
        return Some((args, text.len() - reader.rest().len()));
    }
    Some((lenient::arguments(text.trim_end().trim_end_matches('`'))?, text.len()))
}
