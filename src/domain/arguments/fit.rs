//! Arguments in the types that a tool's schema wants, where what was meant is exact.
//!
//! Models write `"10"` for 10, and `"[\"uname\"]"` for a list. A rule or a hook that looks at a call must see
//! what the tool will see, so the types are put right before anything else looks.

use super::{is, types};
use crate::domain::JsonMap;
use serde_json::Value;

/// `args` with each value in a type that `schema` allows, where its text is exactly such a value. What is
/// text by the schema stays text, and what can't be put right stays as it is: a check tells of it.
pub fn fitted(schema: &Value, mut args: JsonMap) -> JsonMap {
    let properties = schema.get("properties").and_then(Value::as_object);
    let others = schema.get("additionalProperties").filter(|others| others.is_object());
    for (name, value) in &mut args {
        if let Some(schema) = properties.and_then(|known| known.get(name)).or(others) {
            fit(schema, value);
        }
    }
    args
}

fn fit(schema: &Value, value: &mut Value) {
    let types = types(schema);
    if !types.is_empty() && !types.iter().any(|name| is(name, value)) {
        let meant = types.iter().find_map(|name| read(name, value));
        if let Some(meant) = meant {
            *value = meant;
        }
    }
    match value {
        Value::Number(_) if types.contains(&"integer") => *value = whole(value),
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| fit(schema, item));
            }
        }
        Value::Object(map) if types.is_empty() || types.contains(&"object") => {
            *map = fitted(schema, std::mem::take(map));
        }
        _ => {}
    }
}

/// The value of the type `name` that `value` stands for, if it is exactly one.
fn read(name: &str, value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            let meant = match name {
                "boolean" if text.eq_ignore_ascii_case("true") => Value::Bool(true),
                "boolean" if text.eq_ignore_ascii_case("false") => Value::Bool(false),
                "integer" | "number" | "array" | "object" | "null" => serde_json::from_str(text).ok()?,
                _ => return None,
            };
            is(name, &meant).then_some(meant)
        }
        // In some languages an empty list and an empty object are the same.
        Value::Array(items) if items.is_empty() && name == "object" => Some(JsonMap::new().into()),
        Value::Object(map) if map.is_empty() && name == "array" => Some(Value::Array(Vec::new())),
        _ => None,
    }
}

/// Numbers such as `10.0`, which some models write, as integers.
pub fn whole(value: &Value) -> Value {
    match value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        Some(n) if value.is_f64() && n.fract() == 0.0 && n.abs() < 9e15 => Value::from(n as i64),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(kind: Value, given: Value) -> Value {
        let schema = json!({"type": "object", "properties": {"x": kind}});
        let args = [("x".to_owned(), given)].into_iter().collect();
        fitted(&schema, args).remove("x").expect("it stays")
    }

    #[test]
    fn what_is_exact_is_put_right() {
        for (kind, given, wanted) in [
            (json!({"type": "integer"}), json!("10"), json!(10)),
            (json!({"type": "integer"}), json!(" -3 "), json!(-3)),
            (json!({"type": "integer"}), json!("18446744073709551615"), json!(u64::MAX)),
            (json!({"type": "integer"}), json!("10.0"), json!(10)),
            (json!({"type": "integer"}), json!(10.0), json!(10)),
            (json!({"type": "number"}), json!("5"), json!(5)),
            (json!({"type": "number"}), json!("1.5"), json!(1.5)),
            (json!({"type": "boolean"}), json!("true"), json!(true)),
            (json!({"type": "boolean"}), json!("False"), json!(false)),
            (json!({"type": "array"}), json!("[\"uname\",\"-s\"]"), json!(["uname", "-s"])),
            (json!({"type": "array", "items": {"type": "integer"}}), json!("[\"1\", 2]"), json!([1, 2])),
            (json!({"type": "array", "items": {"type": "integer"}}), json!(["1", 2]), json!([1, 2])),
            (json!({"type": "object"}), json!("{\"A\":\"1\"}"), json!({"A": "1"})),
            (
                json!({"type": "object", "properties": {"n": {"type": "integer"}}}),
                json!("{\"n\":\"1\"}"),
                json!({"n": 1}),
            ),
            (
                json!({"type": "object", "additionalProperties": {"type": "boolean"}}),
                json!({"a": "true"}),
                json!({"a": true}),
            ),
            (json!({"type": ["integer", "null"]}), json!("null"), json!(null)),
            (json!({"type": ["integer", "boolean"]}), json!("true"), json!(true)),
            (json!({"type": "object"}), json!([]), json!({})),
            (json!({"type": "array"}), json!({}), json!([])),
        ] {
            assert_eq!(fits(kind.clone(), given.clone()), wanted, "{kind} {given}");
        }
    }

    #[test]
    fn what_is_text_or_not_exact_stays() {
        for (kind, given) in [
            (json!({"type": "string"}), json!("[1,2]")),
            (json!({"type": "string"}), json!("10")),
            (json!({"type": ["string", "integer"]}), json!("10")),
            (json!({"type": ["string", "null"]}), json!("null")),
            (json!({}), json!("10")),
            (json!({"type": "integer"}), json!("10.5")),
            (json!({"type": "integer"}), json!("ten")),
            (json!({"type": "integer"}), json!("0x10")),
            (json!({"type": "integer"}), json!("")),
            (json!({"type": "boolean"}), json!("1")),
            (json!({"type": "boolean"}), json!("yes")),
            (json!({"type": "array"}), json!("ls -la")),
            (json!({"type": "array"}), json!("{\"a\":1}")),
            (json!({"type": "object"}), json!("[1]")),
            (json!({"type": "string"}), json!(7)),
            (json!({"type": "object"}), json!([1])),
        ] {
            assert_eq!(fits(kind.clone(), given.clone()), given, "{kind} {given}");
        }
    }

    #[test]
    fn fitting_twice_changes_nothing() {
        let schema = json!({"type": "object", "properties": {
            "a": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
        }});
        let args: JsonMap = [("a".to_owned(), json!("[\"[1]\"]"))].into_iter().collect();
        let once = fitted(&schema, args);
        assert_eq!(once["a"], json!([[1]]), "items that are no text are left to the check");
        assert_eq!(fitted(&schema, once.clone()), once);
    }
}
