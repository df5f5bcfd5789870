//! The tables that handlers get.

use super::values::{map_to_lua, to_lua};
use crate::domain::{call::ToolStatus, hook::TurnContext, message::Message, tool::ToolSpec};
use mlua::{Lua, LuaString, Table};
use std::{cell::RefCell, rc::Rc, sync::Arc};

/// `{ session, turn, agent, channel, user }`.
pub(super) fn context(lua: &Lua, context: &TurnContext) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 5)?;
    table.raw_set("session", context.session.as_str())?;
    table.raw_set("turn", context.turn.as_str())?;
    table.raw_set("agent", context.agent.as_str())?;
    table.raw_set("channel", context.origin.channel.as_str())?;
    table.raw_set("user", context.origin.user.as_str())?;
    Ok(table)
}

/// The parts of a context as Lua texts. A turn asks its hooks many times.
pub(super) struct ContextTexts {
    of: Arc<TurnContext>,
    pub(super) texts: [LuaString; 5],
}

impl ContextTexts {
    /// Those of `context`: the ones kept in `kept`, if they are the same.
    pub(super) fn of(
        lua: &Lua,
        context: &Arc<TurnContext>,
        kept: &RefCell<Option<Rc<Self>>>,
    ) -> mlua::Result<Rc<Self>> {
        if let Some(known) = kept.borrow().as_ref().filter(|known| Arc::ptr_eq(&known.of, context)) {
            return Ok(Rc::clone(known));
        }
        let text = |text: &str| lua.create_string(text);
        let texts = Rc::new(Self {
            of: Arc::clone(context),
            texts: [
                text(context.session.as_str())?,
                text(context.turn.as_str())?,
                text(&context.agent)?,
                text(&context.origin.channel)?,
                text(&context.origin.user)?,
            ],
        });
        kept.replace(Some(Rc::clone(&texts)));
        Ok(texts)
    }
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

pub(super) fn status(status: ToolStatus) -> &'static str {
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
