//! `pista.send(to, text)`: a message, by the script itself.

use super::{
    super::{
        errors::ScriptError,
        fields::article,
        state::{caller, misuse},
    },
    Api, equipment,
};
use mlua::{Lua, Value};

const WHAT: &str = "pista.send";

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait("send", WHAT, |lua: Lua, (to, text): (Value, Value)| async move {
        let equipment = equipment(&lua, WHAT)?;
        let to = word(&lua, "first argument is an address, \"channel:conversation\"", &to)?;
        let text = word(&lua, "second argument is the text", &text)?;
        Ok(equipment.primitives.outbox.send(&to, &text).await?)
    })
}

fn word(lua: &Lua, what: &str, value: &Value) -> Result<String, ScriptError> {
    match value {
        Value::String(text) => Ok(text.to_string_lossy()),
        other => Err(misuse(caller(lua), format!("{WHAT}: the {what}, not {}", article(other)))),
    }
}
