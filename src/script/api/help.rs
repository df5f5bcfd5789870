//! The global function `help`, for the prompt.

use super::{
    super::{
        errors::ScriptError,
        fields::article,
        state::{State, caller, misuse},
    },
    Api,
};
use crate::reference;
use mlua::{Lua, Table, Value};

/// How deep the API's tables are looked through for a function that was given.
const MAX_DEPTH: usize = 3;

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("help", |lua, what: Value| {
        let name = match &what {
            Value::Nil => Some(String::new()),
            Value::String(name) => Some(name.to_string_lossy()),
            Value::Function(_) | Value::Table(_) => named(lua, &what)?,
            other => {
                let message =
                    format!("help: expected a name, a function or a module, got {}", article(other));
                return Err(misuse(caller(lua), message));
            }
        };
        let text = match name {
            Some(name) => reference::help(&name),
            None => Err("help: that is not part of the API; help() lists what there is".to_owned()),
        };
        let text = text.map_err(|message| misuse(caller(lua), message))?;
        State::of(lua).print(text.trim_end());
        Ok(())
    })
}

/// The name of a function or a module of the API.
fn named(lua: &Lua, what: &Value) -> Result<Option<String>, ScriptError> {
    let globals = lua.globals();
    for root in ["pista", "help"] {
        let value: Value = globals.raw_get(root)?;
        if value == *what {
            return Ok(Some(root.to_owned()));
        }
        if let Value::Table(table) = value
            && let Some(name) = within(&table, root, what, MAX_DEPTH)?
        {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn within(table: &Table, prefix: &str, what: &Value, depth: usize) -> Result<Option<String>, ScriptError> {
    for pair in table.pairs::<Value, Value>() {
        let (Value::String(key), value) = pair? else { continue };
        let name = format!("{prefix}.{}", key.to_string_lossy());
        if value == *what {
            return Ok(Some(name));
        }
        if let Value::Table(inner) = &value
            && depth > 1
            && let Some(name) = within(inner, &name, what, depth - 1)?
        {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
