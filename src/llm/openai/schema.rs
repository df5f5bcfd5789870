//! Tool parameters in the subset of JSON Schema that a server takes.

use crate::llm::dialect::SchemaFilter;
use serde_json::{Map, Value, json};

/// `schema` as an object schema without anything that the server refuses.
pub(super) fn render(schema: &Value, filter: SchemaFilter) -> Value {
    let mut top = match tidy(schema, filter) {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    top.insert("type".into(), json!("object"));
    if !top.get("properties").is_some_and(Value::is_object) {
        top.insert("properties".into(), json!({}));
    }
    Value::Object(top)
}

fn tidy(schema: &Value, filter: SchemaFilter) -> Value {
    let Value::Object(map) = schema else {
        return schema.clone();
    };
    let mut out = Map::new();
    for (key, value) in map {
        match (key.as_str(), value) {
            // Names of properties, not keywords.
            ("properties", Value::Object(inner)) => {
                let inner = inner.iter().map(|(name, schema)| (name.clone(), tidy(schema, filter)));
                out.insert(key.clone(), Value::Object(inner.collect()));
            }
            // An empty Lua table arrives as a list.
            ("properties", _) => {}
            ("required", Value::Array(names)) if names.is_empty() => {}
            ("enum" | "required", _) => {
                out.insert(key.clone(), value.clone());
            }
            ("type", Value::Array(kinds)) if filter == SchemaFilter::Gemini => {
                let kind = kinds.iter().find(|kind| *kind != "null");
                out.insert(key.clone(), kind.cloned().unwrap_or_else(|| json!("string")));
                if kinds.iter().any(|kind| kind == "null") {
                    out.insert("nullable".into(), json!(true));
                }
            }
            ("const", _) if filter == SchemaFilter::Gemini => {
                out.insert("enum".into(), json!([value]));
            }
            (_, _) if filter == SchemaFilter::Gemini && !GEMINI.contains(&key.as_str()) => {}
            (_, Value::Array(list)) => {
                out.insert(key.clone(), list.iter().map(|item| tidy(item, filter)).collect());
            }
            _ => {
                out.insert(key.clone(), tidy(value, filter));
            }
        }
    }
    let is_array = out.get("type").is_some_and(|kind| kind == "array");
    if is_array && !out.get("items").is_some_and(Value::is_object) {
        out.insert("items".into(), json!({"type": "string"}));
    }
    Value::Object(out)
}

/// The keywords that Gemini knows.
const GEMINI: [&str; 15] = [
    "type",
    "description",
    "properties",
    "items",
    "format",
    "nullable",
    "anyOf",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "pattern",
    "title",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_schemas_are_made_acceptable() {
        assert_eq!(render(&json!(null), SchemaFilter::Plain), json!({"type": "object", "properties": {}}));
        assert_eq!(
            render(&json!({"properties": [], "required": []}), SchemaFilter::Plain),
            json!({"type": "object", "properties": {}})
        );
        let schema =
            json!({"type": "object", "properties": {"argv": {"type": "array"}, "type": {"type": "string"}}});
        let out = render(&schema, SchemaFilter::Plain);
        assert_eq!(out["properties"]["argv"]["items"], json!({"type": "string"}));
        assert_eq!(out["properties"]["type"], json!({"type": "string"}));
    }

    #[test]
    fn gemini_gets_only_what_it_knows() {
        let schema = json!({
            "$schema": "x", "type": "object", "additionalProperties": false, "required": ["a"],
            "properties": {
                "a": {"type": ["string", "null"], "default": 1},
                "b": {"const": 5, "type": "integer"},
                "default": {"type": "array", "items": {"type": "object", "additionalProperties": true}},
            },
        });
        assert_eq!(
            render(&schema, SchemaFilter::Gemini),
            json!({
                "type": "object", "required": ["a"],
                "properties": {
                    "a": {"type": "string", "nullable": true},
                    "b": {"enum": [5], "type": "integer"},
                    "default": {"type": "array", "items": {"type": "object"}},
                },
            })
        );
    }
}
