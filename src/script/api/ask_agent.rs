//! `pista.ask_agent(agent, text, {…})`: a turn of an agent's, for its answer.

use super::{
    super::{
        errors::ScriptError,
        fields::{Fields, article},
        state::{caller, misuse},
    },
    Api, equipment,
};
use crate::domain::{cron::job_of, primitives::Ask};
use mlua::{Lua, Table, Value};

const WHAT: &str = "pista.ask_agent";

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait_for("ask_agent", WHAT, |lua: Lua, (agent, text, options): (Value, Value, Value)| async move {
        let equipment = equipment(&lua, WHAT)?;
        let context = equipment.context();
        let mut ask = Ask {
            agent: Some(word(&lua, "first argument is an agent's name", &agent)?),
            text: word(&lua, "second argument is what is said to it", &text)?,
            model: None,
            session: None,
            job: job_of(&context).map(str::to_owned),
            origin: context.origin.clone(),
            depth: context.depth,
        };
        if !options.is_nil() {
            let fields = Fields::open(&lua, caller(&lua), WHAT, &options, &["session", "model"])?;
            ask.session = fields.text("session")?;
            ask.model = fields.text("model")?;
        }
        let answer = equipment.primitives.agents.ask(ask).await?;
        let details: Table = lua.create_table()?;
        details.raw_set("session", answer.session.as_str())?;
        details.raw_set("model", answer.model)?;
        details.raw_set("rounds", answer.rounds)?;
        details.raw_set("input", answer.usage.input)?;
        details.raw_set("output", answer.usage.output)?;
        details.raw_set("usd", answer.usage.usd)?;
        Ok((answer.text, details))
    })
}

fn word(lua: &Lua, what: &str, value: &Value) -> Result<String, ScriptError> {
    match value {
        Value::String(text) => Ok(text.to_string_lossy()),
        other => Err(misuse(caller(lua), format!("{WHAT}: the {what}, not {}", article(other)))),
    }
}
