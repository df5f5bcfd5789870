//! `pista.llm`: one call of a model, without an agent around it.

use super::{
    super::{
        errors::ScriptError,
        fields::Fields,
        state::{caller, misuse},
        values::{Secrets, map_to_lua},
    },
    Api,
    arguments::named,
    equipment,
};
use crate::domain::{
    JsonMap,
    call::{ToolCall, ToolResult, ToolStatus},
    chat::ChatResponse,
    id::CallId,
    message::{AssistantMessage, Message},
    primitives::ModelQuestion,
    schema,
    tool::{Effect, ToolSpec},
};
use mlua::{Lua, Table, Value};
use serde_json::Value as Json;

const CHAT: &str = "pista.llm.chat";
const MODELS: &str = "pista.llm.models";

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait_for("chat", CHAT, |lua: Lua, settings: Value| async move {
        let question = question(&lua, &settings)?;
        let equipment = equipment(&lua, CHAT)?;
        let context = equipment.context();
        let response = equipment.primitives.chats.chat(question, &context).await.map_err(named(CHAT))?;
        Ok(answer(&lua, response)?)
    })?;
    api.add("models", |lua, ()| {
        let list = lua.create_table()?;
        for model in equipment(lua, MODELS)?.primitives.chats.models()? {
            let entry = lua.create_table()?;
            entry.raw_set("provider", model.provider)?;
            entry.raw_set("model", model.model)?;
            entry.raw_set("default", model.default)?;
            entry.raw_set("context_window", model.facts.context_window)?;
            if let Some((input, output)) = model.facts.price {
                let price = lua.create_table()?;
                price.raw_set("input", input)?;
                price.raw_set("output", output)?;
                entry.raw_set("price", price)?;
            }
            list.raw_push(entry)?;
        }
        Ok(list)
    })
}

fn question(lua: &Lua, settings: &Value) -> Result<ModelQuestion, ScriptError> {
    let keys = ["model", "system", "prompt", "messages", "tools", "max_tokens"];
    let fields = Fields::open(lua, caller(lua), CHAT, settings, &keys)?;
    let mut messages = Vec::new();
    for item in fields.list("messages")? {
        messages.push(message(lua, &item)?);
    }
    if let Some(prompt) = fields.text("prompt")? {
        messages.push(Message::user(prompt));
    }
    if messages.is_empty() {
        return Err(misuse(caller(lua), format!("{CHAT}: give a prompt, or messages")));
    }
    let mut tools = Vec::new();
    for item in fields.list("tools")? {
        tools.push(tool(lua, &item)?);
    }
    Ok(ModelQuestion {
        model: fields.text("model")?.unwrap_or_default(),
        system: fields.text("system")?.unwrap_or_default(),
        messages,
        tools,
        max_tokens: fields.count("max_tokens")?,
    })
}

fn message(lua: &Lua, item: &Value) -> Result<Message, ScriptError> {
    let what = "pista.llm.chat: messages";
    let keys = ["role", "content", "tool_calls", "tool_call_id", "name"];
    let fields = Fields::open(lua, caller(lua), what, item, &keys)?;
    let text = fields.text("content")?.unwrap_or_default();
    match fields.required("role")?.as_str() {
        "user" => Ok(Message::User { text }),
        "notice" => Ok(Message::Notice { text }),
        "assistant" => {
            let mut calls = Vec::new();
            for item in fields.list("tool_calls")? {
                calls.push(call(lua, &item)?);
            }
            Ok(Message::Assistant(AssistantMessage { text, calls, ..AssistantMessage::default() }))
        }
        "tool" => {
            let mut asked = ToolCall::new(fields.required("name")?, JsonMap::new());
            asked.id = CallId::from(fields.required("tool_call_id")?);
            Ok(Message::Tool(ToolResult::new(&asked, ToolStatus::Ok, text)))
        }
        "system" => Err(fields.wrong("role", "give the system prompt with system = …")),
        other => Err(fields.wrong("role", format!("{other:?} is none of user, assistant, tool and notice"))),
    }
}

/// A call as an answer has it.
fn call(lua: &Lua, item: &Value) -> Result<ToolCall, ScriptError> {
    let what = "pista.llm.chat: tool_calls";
    let fields = Fields::open(lua, caller(lua), what, item, &["id", "name", "args", "arguments"])?;
    let args = match fields.json("args", Secrets::Refused)?.or(fields.json("arguments", Secrets::Refused)?) {
        None => JsonMap::new(),
        Some(Json::Object(args)) => args,
        Some(_) => return Err(fields.wrong("args", "expected a table with named keys")),
    };
    let mut call = ToolCall::new(fields.required("name")?, args);
    call.id = CallId::from(fields.required("id")?);
    Ok(call)
}

fn tool(lua: &Lua, item: &Value) -> Result<ToolSpec, ScriptError> {
    let what = "pista.llm.chat: tools";
    let fields = Fields::open(lua, caller(lua), what, item, &["name", "description", "parameters"])?;
    let parameters = schema::expand(fields.json("parameters", Secrets::Refused)?)
        .map_err(|(key, reason)| misuse(fields.place(&key), format!("{what}: parameters: {reason}")))?;
    Ok(ToolSpec {
        name: fields.required("name")?,
        description: fields.text("description")?.unwrap_or_default(),
        parameters: parameters.into(),
        effect: Effect::Act,
    })
}

fn answer(lua: &Lua, response: ChatResponse) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("text", response.message.text)?;
    table.raw_set("model", response.model)?;
    table.raw_set("cut", response.cut)?;
    let calls = lua.create_table()?;
    for call in &response.message.calls {
        let entry = lua.create_table()?;
        entry.raw_set("id", call.id.as_str())?;
        entry.raw_set("name", call.name.as_str())?;
        entry.raw_set("args", map_to_lua(lua, &call.args)?)?;
        calls.raw_push(entry)?;
    }
    table.raw_set("tool_calls", calls)?;
    let usage = lua.create_table()?;
    usage.raw_set("input", response.usage.input)?;
    usage.raw_set("output", response.usage.output)?;
    usage.raw_set("total", response.usage.total())?;
    usage.raw_set("usd", response.usage.usd)?;
    usage.raw_set("estimated", response.usage.estimated)?;
    table.raw_set("usage", usage)?;
    Ok(table)
}
