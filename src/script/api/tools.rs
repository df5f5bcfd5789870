//! `pista.tools.call/list`: tools, for an agent and under its policy.

use super::{
    super::{
        errors::{ErrorKind, ScriptError},
        fields::{Fields, article},
        state::{Equipment, caller, misuse},
        values::{map_to_lua, to_lua, to_map},
    },
    Api, equipment,
};
use crate::domain::{
    JsonMap,
    call::{ToolCall, ToolResult, ToolStatus},
    hook::TurnContext,
    rules::Access,
};
use mlua::{Lua, Table, Value};
use serde_json::Value as Json;
use std::sync::Arc;

const CALL: &str = "pista.tools.call";
const LIST: &str = "pista.tools.list";

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait_for("call", CALL, |lua: Lua, (name, args, options): (Value, Value, Value)| async move {
        let call = tool_call(&lua, CALL, &name, &args)?;
        let equipment = equipment(&lua, CALL)?;
        let context = context(&lua, CALL, &equipment, &options)?;
        let result = equipment.primitives.tools.call(call, &context).await?;
        shown(&lua, &result)
    })?;
    api.add("list", |lua, options: Value| {
        let equipment = equipment(lua, LIST)?;
        let context = context(lua, LIST, &equipment, &options)?;
        let list = lua.create_table()?;
        for tool in equipment.primitives.tools.list(&context)? {
            let entry = lua.create_table()?;
            entry.raw_set("name", tool.spec.name)?;
            entry.raw_set("description", tool.spec.description)?;
            entry.raw_set("parameters", to_lua(lua, &tool.spec.parameters)?)?;
            entry.raw_set("access", access(tool.access))?;
            list.raw_push(entry)?;
        }
        Ok(list)
    })
}

pub(super) fn access(access: Access) -> &'static str {
    match access {
        Access::Allow => "allow",
        Access::Ask => "ask",
        Access::Deny => "deny",
    }
}

/// A call from a tool's name and a table of arguments.
pub(super) fn tool_call(lua: &Lua, what: &str, name: &Value, args: &Value) -> Result<ToolCall, ScriptError> {
    let fail = |message: String| misuse(caller(lua), format!("{what}: {message}"));
    let Value::String(name) = name else {
        return Err(fail(format!("the first argument is a tool's name, not {}", article(name))));
    };
    let args = match args {
        Value::Nil => JsonMap::new(),
        Value::Table(table) => to_map(lua, table, "args").map_err(fail)?,
        other => return Err(fail(format!("the arguments are a table, not {}", article(other)))),
    };
    Ok(ToolCall::new(name.to_string_lossy(), args))
}

/// For whom: the turn that the handler runs in, or `options.agent`.
fn context(
    lua: &Lua,
    what: &str,
    equipment: &Equipment,
    options: &Value,
) -> Result<Arc<TurnContext>, ScriptError> {
    let mut context = equipment.context();
    if !options.is_nil() {
        let fields = Fields::open(lua, caller(lua), what, options, &["agent"])?;
        if let Some(agent) = fields.text("agent")? {
            Arc::make_mut(&mut context).agent = agent;
        }
    }
    Ok(context)
}

/// `{ status, content, data, meta }`.
pub(super) fn shown(lua: &Lua, result: &ToolResult) -> Result<Table, ScriptError> {
    let table = lua.create_table()?;
    table.raw_set("ok", result.status == ToolStatus::Ok)?;
    table.raw_set("status", super::super::payload::status(result.status))?;
    table.raw_set("content", result.content.as_str())?;
    table.raw_set("meta", map_to_lua(lua, &result.meta)?)?;
    if let Some(data) = &result.data {
        table.raw_set("data", to_lua(lua, data)?)?;
    }
    Ok(table)
}

/// Runs a built-in tool in the user's name. What it gives to programs comes back; what it refuses
/// or cannot do is raised.
pub(super) async fn act(lua: &Lua, what: &'static str, call: ToolCall) -> Result<Value, ScriptError> {
    Ok(to_lua(lua, &act_for_data(lua, what, call).await?)?)
}

/// The same for what runs in a sandbox: however it ended, that is a result, with `exit` to tell.
pub(super) async fn act_for_outcome(
    lua: &Lua,
    what: &'static str,
    call: ToolCall,
) -> Result<Value, ScriptError> {
    let result = acted(lua, what, call).await?;
    match result.data {
        Some(data) if data.get("exit").is_some_and(Json::is_string) => Ok(to_lua(lua, &data)?),
        data => Ok(to_lua(lua, &data_of(what, ToolResult { data, ..result })?)?),
    }
}

/// The same as [`act`], not yet in Lua.
pub(super) async fn act_for_data(lua: &Lua, what: &'static str, call: ToolCall) -> Result<Json, ScriptError> {
    data_of(what, acted(lua, what, call).await?)
}

async fn acted(lua: &Lua, what: &'static str, call: ToolCall) -> Result<ToolResult, ScriptError> {
    let equipment = equipment(lua, what)?;
    let context = equipment.context();
    Ok(equipment.primitives.tools.act(call, &context).await)
}

/// What a result gives to programs, or the error that it is.
fn data_of(what: &str, result: ToolResult) -> Result<Json, ScriptError> {
    let word = result.data.as_ref().and_then(|data| data.get("kind")).and_then(|kind| kind.as_str());
    let word = word.map(str::to_owned);
    let kind = match (result.status, word.as_deref()) {
        (ToolStatus::Ok, _) => {
            return Ok(result.data.unwrap_or_else(|| result.content.into()));
        }
        (ToolStatus::Denied, _) | (_, Some("denied")) => ErrorKind::Denied,
        (ToolStatus::Cancelled | ToolStatus::Interrupted, _) | (_, Some("cancelled")) => ErrorKind::Cancelled,
        (_, Some("timeout")) => ErrorKind::Timeout,
        _ if result.meta.get("timed_out") == Some(&true.into()) => ErrorKind::Timeout,
        (_, Some("not_found")) => ErrorKind::NotFound,
        (_, Some("usage")) => ErrorKind::Usage,
        (ToolStatus::Error, _) => ErrorKind::Io,
    };
    let mut error = ScriptError::new(kind, format!("{what}: {}", result.content));
    error.data = result.data.filter(|_| word.is_none()).map(Box::new);
    Err(error)
}
