//! `pista.allow()`, `.deny(reason)`, `.ask()`, `.answer(result)`: what a `tool_call` hook returns.

use super::{
    super::{
        fields::{Fields, article},
        state::{caller, misuse},
    },
    Api,
};
use mlua::{Lua, Table, Value};

/// The key that makes a table a verdict.
pub(in super::super) const KEY: &str = "verdict";

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("allow", |lua, ()| Ok(verdict(lua, "allow")?))?;
    api.add("deny", |lua, reason: Value| {
        let reason = match reason {
            Value::Nil => None,
            Value::String(reason) => Some(reason),
            other => {
                let message = format!("pista.deny: the reason is a string, not {}", article(&other));
                return Err(misuse(caller(lua), message));
            }
        };
        let table = verdict(lua, "deny")?;
        table.raw_set("reason", reason)?;
        Ok(table)
    })?;
    api.add("ask", |lua, options: Value| {
        if !options.is_nil() {
            // A person is asked where they speak; there is nothing to choose yet.
            Fields::open(lua, caller(lua), "pista.ask", &options, &[])?;
        }
        Ok(verdict(lua, "ask")?)
    })?;
    api.add("answer", |lua, result: Value| {
        if result.is_nil() {
            return Err(misuse(caller(lua), "pista.answer: the result is missing"));
        }
        let table = verdict(lua, "answer")?;
        table.raw_set("result", result)?;
        Ok(table)
    })
}

fn verdict(lua: &Lua, name: &str) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set(KEY, name)?;
    Ok(table)
}
