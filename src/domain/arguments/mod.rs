//! The arguments of tool calls, and the schema that says what they look like.
//!
//! [`fitted`] and [`check()`] are what every call goes through before any rule, hook or person sees it.

mod check;
mod fit;

pub use check::check;
pub use fit::{fitted, whole};

use serde_json::Value;

/// The types that a schema allows; none: it does not say.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a value is of a type. What is no type that is known lets all pass.
fn is(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => whole(value).is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}
