//! `pista.stdin.read/lines`: standard input, for scripts that are run as programs.

use super::{
    super::{
        errors::{ErrorKind, ScriptError},
        fields::article,
        program::{What, here},
        state::{caller, misuse},
    },
    Api,
};
use mlua::{Function, Lua, Value};

const READ: &str = "pista.stdin.read";
const LINES: &str = "pista.stdin.lines";

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait("read", READ, |lua: Lua, what: Value| async move {
        let what = wanted(&lua, &what)?;
        let program = here(&lua, READ)?;
        match program.read(what).await {
            Ok(Some(bytes)) => Ok(Value::String(lua.create_string(bytes)?)),
            Ok(None) => Ok(Value::Nil),
            Err(reason) => Err(ScriptError::new(ErrorKind::Io, format!("{READ}: {reason}"))),
        }
    })?;
    let read: Function = api.table.get("read")?;
    api.lua.set_named_registry_value(READ, read)?;
    // Called without an argument that it knows, it reads a line.
    api.add("lines", |lua, ()| {
        here(lua, LINES)?;
        Ok(lua.named_registry_value::<Function>(READ)?)
    })
}

fn wanted(lua: &Lua, what: &Value) -> Result<What, ScriptError> {
    match what {
        Value::Nil => Ok(What::Line),
        Value::String(text) if text == "l" => Ok(What::Line),
        Value::String(text) if text == "a" => Ok(What::All),
        Value::String(text) => {
            let message =
                format!("{READ}: {:?} is neither \"l\" (a line) nor \"a\" (all)", text.to_string_lossy());
            Err(misuse(caller(lua), message))
        }
        other => Err(misuse(caller(lua), format!("{READ}: expected \"l\" or \"a\", got {}", article(other)))),
    }
}
