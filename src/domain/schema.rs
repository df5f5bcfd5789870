//! The short form of a tool's parameters, and the JSON Schema that it stands for.

use super::{JsonMap, nearest::suggestion};
use serde_json::{Value as Json, json};

const TYPES: &[&str] = &["string", "integer", "number", "boolean", "object", "array"];
/// What a parameter's table may hold beside `optional`; it goes into the schema as it is.
const WORDS: &[&str] = &[
    "type",
    "description",
    "optional",
    "enum",
    "default",
    "items",
    "properties",
    "required",
    "minimum",
    "maximum",
];

/// Expands the short form `{ city = "string", days = { type = "integer", optional = true } }`. A
/// table that is a JSON Schema of an object already (`type = "object"` and `properties`) stays
/// as it is. The error comes with the key that it is about.
pub fn expand(parameters: Option<Json>) -> Result<Json, (String, String)> {
    let fields = match parameters {
        None => JsonMap::new(),
        Some(Json::Object(map)) if is_schema(&map) => return Ok(Json::Object(map)),
        Some(Json::Object(map)) => map,
        Some(_) => return Err(("parameters".into(), "expected a table of names".into())),
    };
    let mut properties = JsonMap::new();
    let mut required = Vec::new();
    for (name, field) in fields {
        let (schema, optional) = parameter(&name, field).map_err(|reason| (name.clone(), reason))?;
        if !optional {
            required.push(Json::String(name.clone()));
        }
        properties.insert(name, schema);
    }
    Ok(json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    }))
}

fn is_schema(map: &JsonMap) -> bool {
    map.get("type").is_some_and(|kind| kind == "object") && map.get("properties").is_none_or(Json::is_object)
}

/// The schema of one parameter, and whether it can be left out.
fn parameter(name: &str, field: Json) -> Result<(Json, bool), String> {
    match field {
        Json::String(kind) => {
            let (schema, optional) = short(name, &kind)?;
            Ok((schema.into(), optional))
        }
        Json::Object(mut map) => {
            if let Some(word) = map.keys().find(|word| !WORDS.contains(&word.as_str())) {
                let hint = suggestion(word, WORDS.iter().copied());
                return Err(format!("{name}: unknown key {word:?} ({hint})"));
            }
            let optional = match map.remove("optional") {
                None | Some(Json::Bool(false)) => false,
                Some(Json::Bool(true)) => true,
                Some(_) => return Err(format!("{name}: optional is true or false")),
            };
            match map.get("type") {
                Some(Json::String(kind)) if kind == "array" && map.contains_key("items") => {
                    Ok((Json::Object(map), optional))
                }
                Some(Json::String(kind)) => {
                    let (schema, may_be_left_out) = short(name, kind)?;
                    map.extend(schema);
                    Ok((Json::Object(map), optional || may_be_left_out))
                }
                _ => Err(format!("{name}: type is missing; it is one of {}", TYPES.join(", "))),
            }
        }
        _ => Err(format!("{name}: expected a type such as \"string\", or a table with type and description")),
    }
}

/// The schema of `string`, `integer[]`, `number?`; and whether the parameter can be left out.
fn short(name: &str, kind: &str) -> Result<(JsonMap, bool), String> {
    let (kind, optional) = match kind.strip_suffix('?') {
        Some(kind) => (kind, true),
        None => (kind, false),
    };
    let (kind, list) = match kind.strip_suffix("[]") {
        Some(items) => (items, true),
        None => (kind, false),
    };
    let kind = known(name, kind)?;
    if kind == "array" {
        return Err(without_items(name));
    }
    let mut schema = JsonMap::new();
    if list {
        schema.insert("type".into(), "array".into());
        schema.insert("items".into(), json!({ "type": kind }));
    } else {
        schema.insert("type".into(), kind.into());
    }
    Ok((schema, optional))
}

fn known<'k>(name: &str, kind: &'k str) -> Result<&'k str, String> {
    if TYPES.contains(&kind) {
        return Ok(kind);
    }
    Err(format!("{name}: there is no type {kind:?} ({})", suggestion(kind, TYPES.iter().copied())))
}

fn without_items(name: &str) -> String {
    format!("{name}: an array needs the type of its items: \"string[]\", or items = {{ type = \"string\" }}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_becomes_a_schema() {
        let short = json!({
            "city": "string",
            "days": { "type": "integer", "description": "how many", "optional": true },
            "tags": "string[]?",
            "ids": { "type": "integer[]?", "description": "which" },
        });
        assert_eq!(
            expand(Some(short)).unwrap(),
            json!({
                "type": "object",
                "properties": {
                    "ids": { "type": "array", "items": { "type": "integer" }, "description": "which" },
                    "city": { "type": "string" },
                    "days": { "type": "integer", "description": "how many" },
                    "tags": { "type": "array", "items": { "type": "string" } },
                },
                "required": ["city"],
                "additionalProperties": false,
            })
        );
        let whole = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
        assert_eq!(expand(Some(whole.clone())).unwrap(), whole);
    }

    #[test]
    fn mistakes_are_named() {
        let error = |json: Json| expand(Some(json)).unwrap_err();
        assert!(error(json!({ "a": "strin" })).1.contains("did you mean \"string\""));
        assert!(error(json!({ "a": "array" })).1.contains("items"));
        assert!(error(json!({ "a": { "type": "array" } })).1.contains("items"));
        assert!(error(json!({ "a": "array[]" })).1.contains("items"));
        assert!(error(json!({ "a": { "tipe": "string" } })).1.contains("did you mean \"type\""));
        assert_eq!(error(json!({ "a": 3 })).0, "a");
        assert!(error(json!({ "a": { "description": "x" } })).1.contains("type is missing"));
    }
}
