//! The tables that handlers get.

use super::values::{map_to_lua, to_lua};
use crate::domain::{
    call::{ToolCall, ToolStatus},
    hook::TurnContext,
    message::Message,
    tool::ToolSpec,
};
use mlua::{Lua, Table};

/// Adds where and for whom something happens.
pub(super) fn add_context(table: &Table, context: &TurnContext) -> mlua::Result<()> {
    table.raw_set("session", context.session.as_str())?;
    table.raw_set("turn", context.turn.as_str())?;
    table.raw_set("agent", context.agent.as_str())?;
    table.raw_set("channel", context.origin.channel.as_str())?;
    table.raw_set("user", context.origin.user.as_str())
}

/// `{ session, turn, agent, channel, user }`.
pub(super) fn context(lua: &Lua, context: &TurnContext) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 5)?;
    add_context(&table, context)?;
    Ok(table)
}

/// `{ system, … }` for `prompt` hooks.
pub(super) fn prompt(lua: &Lua, system: &str, context: &TurnContext) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 6)?;
    table.raw_set("system", system)?;
    add_context(&table, context)?;
    Ok(table)
}

/// `{ name, args, … }` for `tool_call` hooks.
pub(super) fn tool_call(lua: &Lua, call: &ToolCall, context: &TurnContext) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 7)?;
    table.raw_set("name", call.name.as_str())?;
    table.raw_set("args", map_to_lua(lua, &call.args)?)?;
    add_context(&table, context)?;
    Ok(table)
}

/// A message, for providers.
pub(super) fn message(lua: &Lua, message: &Message) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 4)?;
    table.raw_set("role", message.role())?;
    table.raw_set("content", message.text())?;
    match message {
        Message::Assistant(assistant) if !assistant.calls.is_empty() => {
            let calls = lua.create_table_with_capacity(assistant.calls.len(), 0)?;
            for call in &assistant.calls {
                let entry = lua.create_table_with_capacity(0, 3)?;
                entry.raw_set("id", call.id.as_str())?;
                entry.raw_set("name", call.name.as_str())?;
                entry.raw_set("arguments", map_to_lua(lua, &call.args)?)?;
                calls.raw_push(entry)?;
            }
            table.raw_set("tool_calls", calls)?;
        }
        Message::Tool(result) => {
            table.raw_set("tool_call_id", result.call_id.as_str())?;
            table.raw_set("name", result.name.as_str())?;
            table.raw_set("status", status(result.status))?;
            table.raw_set("meta", map_to_lua(lua, &result.meta)?)?;
        }
        _ => {}
    }
    Ok(table)
}

fn status(status: ToolStatus) -> &'static str {
    match status {
        ToolStatus::Ok => "ok",
        ToolStatus::Error => "error",
        ToolStatus::Denied => "denied",
        ToolStatus::Cancelled => "cancelled",
        ToolStatus::Interrupted => "interrupted",
    }
}

/// A tool on offer, for providers.
pub(super) fn tool(lua: &Lua, spec: &ToolSpec) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 3)?;
    table.raw_set("name", spec.name.as_str())?;
    table.raw_set("description", spec.description.as_str())?;
    table.raw_set("parameters", to_lua(lua, &spec.parameters)?)?;
    Ok(table)
}
