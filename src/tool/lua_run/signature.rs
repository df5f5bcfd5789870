//! A tool's arguments on one line, from their JSON Schema: `fs.read{path: string, limit?: integer}`.

use crate::domain::{JsonMap, tool::ToolSpec};
use serde_json::Value;

/// How deep objects are spelt out; below, they are a `table`.
const MAX_DEPTH: usize = 2;
/// The longest signature, in characters.
const MAX_LENGTH: usize = 600;

/// What a call of the tool looks like.
pub(super) fn signature(spec: &ToolSpec) -> String {
    let fields = match spec.parameters.as_object() {
        Some(schema) => fields(schema, 0),
        None => "{}".into(),
    };
    // As a program writes it: a name of Lua's has no hyphen.
    crate::domain::cut::middle(&format!("{}{fields}", spec.name.replace('-', "_")), MAX_LENGTH)
}

/// The fields of an object: those that are needed come first.
fn fields(schema: &JsonMap, depth: usize) -> String {
    let none = JsonMap::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let required: Vec<_> = schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    let needed = |name: &String| required.iter().any(|n| n.as_str() == Some(name));
    let mut fields: Vec<_> = properties.iter().map(|(name, schema)| (!needed(name), name, schema)).collect();
    fields.sort_by_key(|(optional, ..)| *optional);
    let field = |(optional, name, schema): (bool, &String, &Value)| {
        format!("{name}{}: {}", if optional { "?" } else { "" }, kind(schema, depth))
    };
    let mut shown: Vec<_> = fields.into_iter().map(field).collect();
    match schema.get("additionalProperties") {
        None | Some(Value::Bool(false)) => {}
        Some(others) => shown.push(format!("[name]: {}", kind(others, depth))),
    }
    format!("{{{}}}", shown.join(", "))
}

fn kind(schema: &Value, depth: usize) -> String {
    if let Some(choice) = schema.get("enum").and_then(Value::as_array) {
        return choice.iter().map(Value::to_string).collect::<Vec<_>>().join("|");
    }
    let name = match schema.get("type") {
        Some(Value::String(name)) => name.as_str(),
        Some(Value::Array(names)) => {
            return names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|");
        }
        _ => return "any".into(),
    };
    match (name, schema.as_object()) {
        ("array", Some(schema)) => {
            format!("{{{}, …}}", schema.get("items").map_or_else(|| "any".into(), |items| kind(items, depth)))
        }
        ("object", Some(schema)) if depth < MAX_DEPTH => match fields(schema, depth + 1).as_str() {
            "{}" => "table".into(),
            fields => fields.into(),
        },
        ("object", _) => "table".into(),
        (name, _) => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tool::Effect;
    use serde_json::json;

    fn of(parameters: Value) -> String {
        let description = String::new();
        signature(&ToolSpec {
            name: "a.b".into(),
            description,
            parameters: parameters.into(),
            effect: Effect::Read,
        })
    }

    #[test]
    fn arguments_stand_on_one_line() {
        let schema = json!({
            "type": "object",
            "properties": {
                "argv": {"type": "array", "items": {"type": "string"}},
                "env": {"type": "object", "additionalProperties": {"type": "string"}},
                "how": {"type": "string", "enum": ["fast", "slow"]},
                "many": {"type": ["string", "null"]},
                "path": {"type": "string", "description": "long"},
                "rest": {},
                "size": {"type": "object", "properties": {"w": {"type": "integer"}}, "required": ["w"]}
            },
            "required": ["path"]
        });
        assert_eq!(
            of(schema),
            "a.b{path: string, argv?: {string, …}, env?: {[name]: string}, how?: \"fast\"|\"slow\", \
             many?: string|null, rest?: any, size?: {w: integer}}"
        );
        assert_eq!(of(json!({"type": "object"})), "a.b{}");
        let mut deep = json!({"type": "string"});
        for _ in 0..100 {
            deep = json!({"type": "object", "properties": {"x": deep}});
        }
        assert_eq!(of(deep), "a.b{x?: {x?: {x?: table}}}");
    }
}
