//! `pista.log.debug/info/warn/error(message, {fields})`.

use super::{
    super::{
        errors::ScriptError,
        fields::article,
        state::{caller, misuse},
        values::to_map,
    },
    Api, shown,
};
use mlua::{Lua, Value};

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    // The level of an event is fixed where it is written.
    macro_rules! level {
        ($name:literal, $level:ident) => {
            api.add($name, |lua, (message, fields): (Value, Value)| {
                let entry = entry(lua, $name, &message, &fields)?;
                tracing::$level!(target: "lua", at = %entry.at, fields = %entry.fields, "{}", entry.message);
                Ok(())
            })?;
        };
    }
    level!("debug", debug);
    level!("info", info);
    level!("warn", warn);
    level!("error", error);
    Ok(())
}

struct Entry {
    at: String,
    message: String,
    fields: String,
}

fn entry(lua: &Lua, name: &str, message: &Value, fields: &Value) -> Result<Entry, ScriptError> {
    let at = caller(lua);
    let what = format!("pista.log.{name}");
    let message = match message {
        Value::String(text) => text.to_string_lossy(),
        Value::Integer(_) | Value::Number(_) | Value::Boolean(_) => message.to_string()?,
        other => {
            let reason =
                format!("{what}: the message is a string, not {}; give values as fields", article(other));
            return Err(misuse(at, reason));
        }
    };
    let fields = match fields {
        Value::Nil => String::new(),
        Value::Table(table) => {
            let map = to_map(lua, table, "fields")
                .map_err(|reason| misuse(at.clone(), format!("{what}: {reason}")))?;
            serde_json::Value::Object(map).to_string()
        }
        other => return Err(misuse(at, format!("{what}: the fields are a table, not {}", article(other)))),
    };
    Ok(Entry { at: shown(at.as_ref()), message, fields })
}
