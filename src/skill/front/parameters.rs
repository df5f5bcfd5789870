//! The arguments of a skill's program, in the forms in which skills declare them.

use super::Remark;
use crate::domain::{JsonMap, schema::expand};
use serde_json::{Value, json};

/// Reads `parameters`: the short form and JSON Schema stay as they are; other forms become a schema in
/// which what is not understood takes any value. `None`: any arguments.
pub(super) fn read(value: &Value, line: usize, remarks: &mut Vec<Remark>) -> Option<Value> {
    if value.as_object().is_some_and(|map| map.is_empty()) || expand(Some(value.clone())).is_ok() {
        return Some(value.clone());
    }
    let fields: Vec<(String, Value)> = match value {
        Value::Object(map) => map.clone().into_iter().collect(),
        Value::Array(items) => items.iter().filter_map(named).collect(),
        _ => vec![],
    };
    let named_all = value.as_array().is_none_or(|items| items.len() == fields.len());
    if fields.is_empty() || !named_all {
        let message =
            "`parameters`: names with their types, or a JSON Schema; its program takes any arguments now";
        remarks.push(Remark::new(line, message));
        return (!fields.is_empty()).then(|| schema(fields, true));
    }
    let unknown: Vec<String> = fields
        .iter()
        .filter(|(_, field)| type_of(field).is_none())
        .map(|(name, _)| format!("{name:?}"))
        .collect();
    if !unknown.is_empty() {
        let message = format!(
            "`parameters`: the type of {} is none of string, integer, number, boolean, object, array; any value will do",
            unknown.join(", ")
        );
        remarks.push(Remark::new(line, message));
    }
    Some(schema(fields, false))
}

/// An item of a list of parameters, by its name.
fn named(item: &Value) -> Option<(String, Value)> {
    match item {
        Value::String(name) => Some((name.clone(), json!({}))),
        Value::Object(map) => Some((map.get("name")?.as_str()?.to_owned(), item.clone())),
        _ => None,
    }
}

fn schema(fields: Vec<(String, Value)>, others: bool) -> Value {
    let mut properties = JsonMap::new();
    let mut required = vec![];
    for (name, field) in fields {
        let (schema, needed) = parameter(&field);
        if needed {
            required.push(name.clone());
        }
        properties.insert(name, schema);
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": others})
}

/// The schema of one parameter, and whether it must be given.
fn parameter(field: &Value) -> (Value, bool) {
    let mut schema = JsonMap::new();
    if let Some((kind, items)) = type_of(field) {
        schema.insert("type".into(), kind.into());
        schema.extend(items.map(|items| ("items".to_owned(), json!({"type": items}))));
    }
    let Value::Object(map) = field else {
        return (schema.into(), field.as_str().is_some_and(|kind| !kind.ends_with('?')));
    };
    for word in ["description", "enum", "default"] {
        schema.extend(map.get(word).map(|value| (word.to_owned(), value.clone())));
    }
    let needed = match (map.get("required"), map.get("optional")) {
        (Some(Value::Bool(required)), _) => *required,
        (_, Some(Value::Bool(optional))) => !optional,
        _ => false,
    };
    (schema.into(), needed)
}

/// The JSON type that is meant, and that of the items of a list.
fn type_of(field: &Value) -> Option<(&'static str, Option<&'static str>)> {
    let text = field.as_str().or_else(|| field.get("type").and_then(Value::as_str))?;
    let text = text.trim().trim_end_matches('?').to_lowercase();
    if let Some(items) = text.strip_suffix("[]") {
        return Some(("array", Some(plain(items)?)));
    }
    plain(&text).map(|kind| (kind, None))
}

fn plain(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "string" | "str" | "text" | "path" | "file" | "url" | "date" => "string",
        "integer" | "int" => "integer",
        "number" | "float" | "double" => "number",
        "boolean" | "bool" => "boolean",
        "object" | "dict" | "map" | "json" => "object",
        "array" | "list" => "array",
        _ => return None,
    })
}
