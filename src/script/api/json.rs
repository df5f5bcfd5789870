//! `pista.json.encode/decode/array/null`; in a program of the model's `json`.

use super::{
    super::{
        errors::{ErrorKind, ScriptError},
        fields::article,
        state::{caller, misuse},
        values::{Bounds, Secrets, to_json_within, to_lua},
    },
    Api,
};
use mlua::{LuaSerdeExt, Value};

/// `name` is that of the table, for messages; `bounds` hold for each conversion.
pub(super) fn register(api: &Api, name: &'static str, bounds: Bounds) -> mlua::Result<()> {
    api.table.set("null", Value::NULL)?;
    api.add("encode", move |lua, (value, pretty): (Value, Option<bool>)| {
        let fail = |reason: String| misuse(caller(lua), format!("{name}.encode: {reason}"));
        let json = to_json_within(lua, &value, "value", Secrets::Refused, bounds).map_err(fail)?;
        let text = if pretty.unwrap_or(false) {
            serde_json::to_string_pretty(&json)
        } else {
            serde_json::to_string(&json)
        };
        text.map_err(|error| fail(error.to_string()))
    })?;
    api.add("decode", move |lua, text: Value| {
        let Value::String(text) = &text else {
            let message = format!("{name}.decode: expected a string, got {}", article(&text));
            return Err(misuse(caller(lua), message));
        };
        if text.as_bytes().len() > bounds.bytes {
            let message = format!("{name}.decode: the text is longer than {} bytes", bounds.bytes);
            return Err(misuse(caller(lua), message));
        }
        match serde_json::from_slice(&text.as_bytes()) {
            Ok(json) => Ok(to_lua(lua, &json)?),
            Err(error) => {
                let mut failure = misuse(caller(lua), format!("{name}.decode: {error}"));
                failure.kind = ErrorKind::Runtime;
                Err(failure)
            }
        }
    })?;
    api.add("array", move |lua, table: Value| -> Result<Value, ScriptError> {
        let Value::Table(table) = table else {
            let message = format!("{name}.array: expected a table, got {}", article(&table));
            return Err(misuse(caller(lua), message));
        };
        table.set_metatable(Some(lua.array_metatable()))?;
        Ok(Value::Table(table))
    })
}
