//! `{"name": …, "arguments": …}` and its relatives, one or several, in lists or not.

use super::{Declared, Written, loose};
use crate::{domain::JsonMap, llm::answer::lenient};
use serde_json::Value;

/// Keys that hold the name of a tool.
const NAMES: [&str; 5] = ["name", "function", "tool", "tool_name", "action"];

/// Keys that hold its arguments.
const ARGUMENTS: [&str; 6] = ["arguments", "parameters", "args", "input", "tool_input", "action_input"];

/// Keys that say nothing of the arguments.
const BESIDE: [&str; 5] = ["id", "type", "index", "tool_call_id", "call_id"];

pub(super) fn calls(text: &str, declared: &Declared<'_>) -> Vec<Written> {
    let Some(start) = text.find(['{', '[']) else { return Vec::new() };
    let mut found = Vec::new();
    // What stands before the JSON is a name in another form, or a tag.
    if text[..start].trim().chars().any(|c| c.is_alphanumeric()) && !text[..start].trim_end().ends_with('>') {
        return found;
    }
    let body = text[start..].trim().trim_end_matches('`').trim();
    if let Some(value) = lenient::json(body).or_else(|| loose::value(body)) {
        collect(&value, declared, &mut found);
        return found;
    }
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
    while let Some(Ok(value)) = values.next() {
        collect(&value, declared, &mut found);
    }
    found
}

fn collect(value: &Value, declared: &Declared<'_>, found: &mut Vec<Written>) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| collect(item, declared, found)),
        Value::Object(map) => {
            match map.get("tool_calls").or(map.get("tool_call")).or(map.get("function_call")) {
                Some(inner) => collect(inner, declared, found),
                None => found.extend(one(map, declared)),
            }
        }
        _ => {}
    }
}

fn one(map: &JsonMap, declared: &Declared<'_>) -> Option<Written> {
    if let Some(Value::Object(function)) = map.get("function") {
        return one(function, declared);
    }
    let Some((key, name)) = NAMES.iter().find_map(|key| Some((*key, map.get(*key)?.as_str()?))) else {
        return by_name(map, declared);
    };
    let args = match ARGUMENTS.iter().find_map(|key| map.get(*key)) {
        Some(args) => arguments(args),
        // Under a key of the model's own making, beside nothing else.
        None => {
            let mut others = map.iter().filter(|(other, _)| *other != key && !BESIDE.contains(&&***other));
            match (others.next(), others.next()) {
                (Some((_, Value::Object(args))), None) if declared.offers(name) => Ok(args.clone()),
                _ => return None,
            }
        }
    };
    (!name.is_empty()).then(|| Written { name: name.to_owned(), args })
}

/// `{"NAME": {…}}`
fn by_name(map: &JsonMap, declared: &Declared<'_>) -> Option<Written> {
    let mut fields = map.iter();
    match (fields.next(), fields.next()) {
        (Some((name, Value::Object(args))), None) if declared.offers(name) => {
            Some(Written { name: name.clone(), args: Ok(args.clone()) })
        }
        _ => None,
    }
}

fn arguments(args: &Value) -> Result<JsonMap, String> {
    match args {
        Value::Object(args) => Ok(args.clone()),
        Value::String(text) => lenient::arguments(text).ok_or_else(|| text.clone()),
        Value::Null => Ok(JsonMap::new()),
        other => Err(other.to_string()),
    }
}
