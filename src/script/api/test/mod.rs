//! `pista.test`: what specs act through. Only there in a VM for specs; the Lua side of it is
//! `lua/pista/spec`.

mod library;
mod outside;

use super::{
    super::{
        errors::ScriptError,
        fields::Fields,
        specs,
        state::{State, caller, misuse},
        values::to_lua,
    },
    Api, equipment,
    tools::{access, shown, tool_call},
};
use crate::domain::{
    envelope::Origin,
    event::TurnEvent,
    outcome::TurnEnd,
    primitives::{Heard, Said, Stage},
};
use mlua::{Lua, Table, Value};
use std::sync::Arc;

const TURN: &str = "pista.test.turn";
const CALL: &str = "pista.test.call_tool";
const POLICY: &str = "pista.test.policy";
/// Who speaks in a spec that does not say.
const CHANNEL: &str = "test";
const USER: &str = "tester";
/// What stands for the outside; the Lua side reads these.
const STANDING: [&str; 3] = ["model", "tools", "approve"];

/// `host` is the prelude's.
pub(super) fn register(api: &Api) -> mlua::Result<()> {
    let raw = Api { table: api.lua.create_table()?, ..api.clone() };
    raw.wait("turn", TURN, |lua: Lua, options: Value| async move {
        let said = said(&lua, &options)?;
        let heard = stage(&lua, TURN)?.turn(said).await?;
        told(&lua, heard)
    })?;
    raw.wait("call_tool", CALL, |lua: Lua, (name, args, options): (Value, Value, Value)| async move {
        let call = tool_call(&lua, CALL, &name, &args)?;
        let who = who(&lua, CALL, &options, &["tools", "approve"])?;
        let context = stage(&lua, CALL)?.context(who.0, who.1);
        let result = equipment(&lua, CALL)?.primitives.tools.call(call, &context).await?;
        shown(&lua, &result)
    })?;
    raw.wait("policy", POLICY, |lua: Lua, (name, args, options): (Value, Value, Value)| async move {
        let call = tool_call(&lua, POLICY, &name, &args)?;
        let who = who(&lua, POLICY, &options, &[])?;
        let stage = stage(&lua, POLICY)?;
        let context = stage.context(who.0, who.1);
        let judged = stage.judge(call, &context).await?;
        // Names stand in quotes where rules are told in a sentence.
        let rule = judged.rule.map(|rule| rule.trim_matches('"').to_owned());
        Ok((access(judged.access), rule, judged.location, judged.because))
    })?;
    outside::register(&raw)?;
    let host = library::table(api)?;
    let scripted = library::scripted(api, &host)?;
    specs::install(api.lua, &host, &raw.table, &api.table, scripted)
}

/// The engine of the case that runs.
fn stage(lua: &Lua, what: &str) -> Result<Arc<dyn Stage>, ScriptError> {
    let state = State::of(lua);
    let stage = state.specs.borrow().as_ref().and_then(|specs| specs.stage.clone());
    stage.ok_or_else(|| misuse(caller(lua), format!("{what}: only inside it(…)")))
}

fn said(lua: &Lua, options: &Value) -> Result<Said, ScriptError> {
    let known = ["text", "user", "channel", "agent", "session"];
    let known: Vec<&str> = known.into_iter().chain(STANDING).collect();
    let fields = Fields::open(lua, caller(lua), TURN, options, &known)?;
    Ok(Said {
        text: fields.required("text")?,
        origin: origin(&fields)?,
        agent: fields.text("agent")?,
        session: fields.text("session")?,
    })
}

fn origin(fields: &Fields) -> Result<Origin, ScriptError> {
    Ok(Origin {
        channel: fields.text("channel")?.unwrap_or_else(|| CHANNEL.into()),
        user: fields.text("user")?.unwrap_or_else(|| USER.into()),
    })
}

/// For whom: `{ as = "channel:user" }`, or by `channel` and `user`; and the agent.
fn who(
    lua: &Lua,
    what: &str,
    options: &Value,
    more: &[&'static str],
) -> Result<(Origin, Option<String>), ScriptError> {
    if options.is_nil() {
        return Ok((Origin { channel: CHANNEL.into(), user: USER.into() }, None));
    }
    let known: Vec<&str> =
        ["as", "channel", "user", "agent"].into_iter().chain(more.iter().copied()).collect();
    let fields = Fields::open(lua, caller(lua), what, options, &known)?;
    let mut origin = origin(&fields)?;
    if let Some(whole) = fields.text("as")? {
        match whole.split_once(':') {
            Some((channel, user)) if !channel.is_empty() && !user.is_empty() => {
                origin = Origin { channel: channel.into(), user: user.into() };
            }
            _ => return Err(fields.wrong("as", format!("expected \"channel:user\", got {whole:?}"))),
        }
    }
    Ok((origin, fields.text("agent")?))
}

/// A turn as a table. The Lua side puts calls and notices together.
fn told(lua: &Lua, heard: Heard) -> Result<Table, ScriptError> {
    let Heard { session, outcome, events } = heard;
    let table = lua.create_table()?;
    match outcome.end {
        TurnEnd::Answered(text) => table.raw_set("text", text)?,
        TurnEnd::Cancelled => {
            table.raw_set("error", "cancelled")?;
            table.raw_set("error_kind", "cancelled")?;
        }
        TurnEnd::Failed { kind, message } => {
            table.raw_set("error", message)?;
            table.raw_set("error_kind", kind)?;
        }
    }
    table.raw_set("session", session.as_str())?;
    table.raw_set("model", outcome.model)?;
    table.raw_set("rounds", outcome.rounds)?;
    let usage = lua.create_table()?;
    usage.raw_set("input", outcome.usage.input)?;
    usage.raw_set("output", outcome.usage.output)?;
    usage.raw_set("total", outcome.usage.total())?;
    usage.raw_set("usd", outcome.usage.usd)?;
    table.raw_set("usage", usage)?;
    let list = lua.create_table()?;
    for event in &events {
        list.raw_push(event_table(lua, event)?)?;
    }
    table.raw_set("events", list)?;
    Ok(table)
}

fn event_table(lua: &Lua, event: &TurnEvent) -> Result<Value, ScriptError> {
    let json = serde_json::to_value(event)
        .map_err(|error| ScriptError::new(super::super::errors::ErrorKind::Result, error.to_string()))?;
    Ok(to_lua(lua, &json)?)
}
