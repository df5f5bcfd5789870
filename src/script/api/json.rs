//! `pista.json.encode/decode/array/null`.

use super::{
    super::{
        errors::{ErrorKind, ScriptError},
        fields::article,
        state::{caller, misuse},
        values::{Secrets, to_json, to_lua},
    },
    Api,
};
use mlua::{LuaSerdeExt, Value};

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.table.set("null", Value::NULL)?;
    api.add("encode", |lua, (value, pretty): (Value, Option<bool>)| {
        let fail = |reason: String| misuse(caller(lua), format!("pista.json.encode: {reason}"));
        let json = to_json(lua, &value, "value", Secrets::Refused).map_err(fail)?;
        let text = if pretty.unwrap_or(false) {
            serde_json::to_string_pretty(&json)
        } else {
            serde_json::to_string(&json)
        };
        text.map_err(|error| fail(error.to_string()))
    })?;
    api.add("decode", |lua, text: Value| {
        let Value::String(text) = &text else {
            let message = format!("pista.json.decode: expected a string, got {}", article(&text));
            return Err(misuse(caller(lua), message));
        };
        match serde_json::from_slice(&text.as_bytes()) {
            Ok(json) => Ok(to_lua(lua, &json)?),
            Err(error) => {
                let mut failure = misuse(caller(lua), format!("pista.json.decode: {error}"));
                failure.kind = ErrorKind::Runtime;
                Err(failure)
            }
        }
    })?;
    api.add("array", |lua, table: Value| -> Result<Value, ScriptError> {
        let Value::Table(table) = table else {
            let message = format!("pista.json.array: expected a table, got {}", article(&table));
            return Err(misuse(caller(lua), message));
        };
        table.set_metatable(Some(lua.array_metatable()))?;
        Ok(Value::Table(table))
    })
}
