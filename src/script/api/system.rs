//! `pista.system`: commands of the machine's, run in the user's name, and what it is.

use super::{
    super::{
        fields::article,
        state::{caller, misuse},
    },
    Api, equipment,
    tools::{act, tool_call},
};
use mlua::{Lua, Value};

const INFO: &str = "pista.system.info";
const RUN: &str = "pista.system.run";

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait_for("run", RUN, |lua: Lua, (command, options): (Value, Value)| async move {
        let args = arguments(&lua, &command, &options)?;
        let name = Value::String(lua.create_string("system.run")?);
        let call = tool_call(&lua, RUN, &name, &args)?;
        act(&lua, RUN, call).await
    })?;
    api.add("info", |lua, ()| {
        let facts = equipment(lua, INFO)?.primitives.machine.facts();
        let table = lua.create_table()?;
        table.raw_set("os", facts.os)?;
        table.raw_set("arch", facts.arch)?;
        table.raw_set("host", facts.host)?;
        table.raw_set("user", facts.user)?;
        table.raw_set("cpus", facts.cpus)?;
        table.raw_set("uptime", facts.uptime)?;
        table.raw_set("workspace", facts.workspace)?;
        Ok(table)
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
