//! `pista.system.run`: commands of the machine's, run in the user's name.

use super::{
    super::{
        fields::article,
        state::{caller, misuse},
    },
    Api,
    tools::{act, tool_call},
};
use mlua::{Lua, Value};

const RUN: &str = "pista.system.run";

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait("run", RUN, |lua: Lua, (command, options): (Value, Value)| async move {
        let args = arguments(&lua, &command, &options)?;
        let name = Value::String(lua.create_string("system.run")?);
        let call = tool_call(&lua, RUN, &name, &args)?;
        act(&lua, RUN, call).await
    })
}

/// `run({ "git", "status" }, { cwd = … })`, or `run("a line for the shell", { … })`.
fn arguments(lua: &Lua, command: &Value, options: &Value) -> Result<Value, super::ScriptError> {
    let table = lua.create_table()?;
    match options {
        Value::Nil => {}
        Value::Table(options) => {
            for pair in options.pairs::<Value, Value>() {
                let (key, value) = pair?;
                table.raw_set(key, value)?;
            }
        }
        other => {
            let message = format!("{RUN}: the options are a table, not {}", article(other));
            return Err(misuse(caller(lua), message));
        }
    }
    match command {
        Value::Table(_) => table.raw_set("argv", command)?,
        Value::String(_) => table.raw_set("command", command)?,
        other => {
            let message = format!(
                "{RUN}: the first argument is a list {{ program, argument, … }} or a line for the shell, not {}",
                article(other)
            );
            return Err(misuse(caller(lua), message));
        }
    }
    Ok(Value::Table(table))
}
