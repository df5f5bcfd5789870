//! Arguments checked against a tool's schema, with errors that a model can act on.

use super::{is, types};
use crate::domain::{JsonMap, nearest::nearest};
use serde_json::Value;

/// Characters of a wrong value that are repeated in an error.
const SHOWN: usize = 80;

/// Checks `args` against a JSON Schema of the plain kind (an object with `properties`, `required`,
/// types, `items`, `enum`). What it doesn't know it lets pass. Null counts as left out, and names that
/// the schema doesn't have are wrong unless it says `additionalProperties`, or has no `properties` at all.
///
/// # Errors
/// What is wrong, with the argument's name and the remedy.
pub fn check(schema: &Value, args: &JsonMap) -> Result<(), String> {
    object(schema, args, "")
}

fn object(schema: &Value, args: &JsonMap, at: &str) -> Result<(), String> {
    let none = JsonMap::new();
    let declared = schema.get("properties").and_then(Value::as_object);
    let properties = declared.unwrap_or(&none);
    let unsaid = Value::Bool(declared.is_none());
    let others = schema.get("additionalProperties").unwrap_or(&unsaid);
    for (name, value) in args.iter().filter(|(_, value)| !value.is_null()) {
        let place = format!("{at}{name}");
        match properties.get(name) {
            Some(schema) => fits(schema, value, &place)?,
            None if *others == Value::Bool(false) => return Err(unknown(&place, name, properties)),
            None => fits(others, value, &place)?,
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    match required.filter_map(Value::as_str).find(|name| args.get(*name).is_none_or(Value::is_null)) {
        Some(name) => Err(format!("the argument {:?} is missing", format!("{at}{name}"))),
        None => Ok(()),
    }
}

fn unknown(place: &str, name: &str, properties: &JsonMap) -> String {
    let names = || properties.keys().map(String::as_str);
    let mut text = format!("there is no argument {place:?}");
    if let Some(meant) = nearest(name, names()) {
        text += &format!("; did you mean {meant:?}?");
    }
    match names().collect::<Vec<_>>().as_slice() {
        [] => text += ". It takes no arguments",
        names => text += &format!(". The arguments are: {}", names.join(", ")),
    }
    text
}

fn fits(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let types = types(schema);
    if !types.is_empty() && !types.iter().any(|name| is(name, value)) {
        let wanted = types.join(" or ");
        return Err(format!("the argument {place:?} must be of type {wanted}, but is {}", shown(value)));
    }
    if let Some(Value::Array(choice)) = schema.get("enum")
        && !choice.contains(value)
    {
        let choice: Vec<_> = choice.iter().map(Value::to_string).collect();
        return Err(format!(
            "the argument {place:?} must be one of {}, but is {}",
            choice.join(", "),
            shown(value)
        ));
    }
    match value {
        Value::Array(items) => match schema.get("items") {
            Some(schema) => items
                .iter()
                .enumerate()
                .try_for_each(|(n, item)| fits(schema, item, &format!("{place}[{n}]"))),
            None => Ok(()),
        },
        Value::Object(map) if schema.get("properties").or(schema.get("additionalProperties")).is_some() => {
            object(schema, map, &format!("{place}."))
        }
        _ => Ok(()),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(args: Value) -> Result<(), String> {
        let schema = json!({
            "type": "object",
            "properties": {
                "path": {"type": "string"},
                "limit": {"type": "integer"},
                "how": {"type": "string", "enum": ["fast", "slow"]},
                "argv": {"type": "array", "items": {"type": "string"}},
                "env": {"type": "object", "additionalProperties": {"type": "string"}},
                "any": {}
            },
            "required": ["path"]
        });
        check(&schema, args.as_object().unwrap())
    }

    #[test]
    fn what_fits_passes() {
        for args in [
            json!({"path": "a"}),
            json!({"path": "a", "limit": 3, "how": "slow", "argv": ["x"], "env": {"A": "b"}, "any": [1]}),
            json!({"path": "a", "limit": null, "argv": null, "gone": null}),
            json!({"path": "a", "limit": 3.0}),
        ] {
            assert_eq!(checked(args.clone()), Ok(()), "{args}");
        }
    }

    #[test]
    fn errors_name_the_argument_and_the_remedy() {
        for (args, parts) in [
            (json!({}), &["\"path\"", "missing"][..]),
            (json!({"path": null}), &["\"path\"", "missing"]),
            (json!({"path": "a", "limt": 1}), &["\"limt\"", "did you mean \"limit\"", "any, argv, env"]),
            (json!({"path": 1}), &["\"path\"", "string", "1"]),
            (json!({"path": "a", "limit": "10"}), &["\"limit\"", "integer", "\"10\""]),
            (json!({"path": "a", "limit": 1.5}), &["\"limit\"", "integer"]),
            (json!({"path": "a", "how": "quick"}), &["\"how\"", "\"fast\", \"slow\""]),
            (json!({"path": "a", "argv": ["x", 1]}), &["\"argv[1]\"", "string"]),
            (json!({"path": "a", "argv": "ls -la"}), &["\"argv\"", "array"]),
            (json!({"path": "a", "env": {"A": 1}}), &["\"env.A\"", "string"]),
        ] {
            let error = checked(args).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }

    #[test]
    fn a_wrong_value_is_not_repeated_whole() {
        let error = checked(json!({"path": [("é".repeat(5000))]})).unwrap_err();
        assert!(error.chars().count() < 200, "{error}");
    }
}
