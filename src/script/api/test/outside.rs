//! What reaches the engine from outside a turn: commands, messages by channels, times of jobs.

use super::{
    super::{
        super::{
            errors::ScriptError,
            fields::{Fields, article},
            state::{caller, misuse},
        },
        Api,
    },
    STANDING, stage, who,
};
use crate::domain::{
    command,
    post::{Arrival, Receipt},
};
use mlua::{Lua, Table, Value};

const COMMAND: &str = "pista.test.command";
const RECEIVE: &str = "pista.test.receive";
const CRON: &str = "pista.test.cron";
const NEXT: &str = "pista.test.next_run";
const SENT: &str = "pista.test.sent";

pub(super) fn register(raw: &Api) -> mlua::Result<()> {
    raw.wait("command", COMMAND, |lua: Lua, (line, options): (Value, Value)| async move {
        let line = word(&lua, COMMAND, "what is typed, such as \"/deploy now\"", &line)?;
        let Some((name, typed)) = command::split(&line) else {
            return Err(misuse(caller(&lua), format!("{COMMAND}: {line:?} is no command: it begins with /")));
        };
        let (origin, agent) = who(&lua, COMMAND, &options, &STANDING)?;
        let stage = stage(&lua, COMMAND)?;
        let context = stage.context(origin, agent);
        let table = lua.create_table()?;
        match stage.command(name, typed, &context).await? {
            Ok(text) => table.raw_set("text", text)?,
            Err(error) => table.raw_set("error", error)?,
        }
        Ok(table)
    })?;
    raw.wait(
        "receive",
        RECEIVE,
        |lua: Lua, (channel, message, options): (Value, Value, Value)| async move {
            let channel = word(&lua, RECEIVE, "the channel's name", &channel)?;
            if !options.is_nil() {
                Fields::open(&lua, caller(&lua), RECEIVE, &options, &STANDING)?;
            }
            let arrival = arrival(&lua, channel, &message)?;
            let receipt = stage(&lua, RECEIVE)?.receive(arrival).await?;
            let table = lua.create_table()?;
            match receipt {
                Receipt::Accepted => table.raw_set("status", "accepted")?,
                Receipt::Seen => table.raw_set("status", "seen")?,
                Receipt::Limited { retry_after } => {
                    table.raw_set("status", "limited")?;
                    table.raw_set("reason", Receipt::limited(retry_after))?;
                }
                Receipt::Refused(why) => {
                    table.raw_set("status", "refused")?;
                    table.raw_set("reason", why)?;
                }
            }
            Ok(table)
        },
    )?;
    raw.wait("cron", CRON, |lua: Lua, (name, at, options): (Value, f64, Value)| async move {
        let name = word(&lua, CRON, "the job's name", &name)?;
        if !options.is_nil() {
            let known: Vec<&str> = ["at"].into_iter().chain(STANDING).collect();
            Fields::open(&lua, caller(&lua), CRON, &options, &known)?.number("at")?;
        }
        let end = stage(&lua, CRON)?.job(&name, millis(at)).await?;
        let table = lua.create_table()?;
        table.raw_set("outcome", end.outcome)?;
        table.raw_set("text", end.text)?;
        table.raw_set("error", end.error)?;
        Ok(table)
    })?;
    raw.add("next_run", |lua, (name, after): (Value, Value)| {
        let name = word(lua, NEXT, "the job's name", &name)?;
        let after = match after {
            Value::Number(after) => after,
            Value::Integer(after) => after as f64,
            other => {
                let message = format!("{NEXT}: the time is in seconds, not {}", article(&other));
                return Err(misuse(caller(lua), message));
            }
        };
        Ok(stage(lua, NEXT)?.next_run(&name, millis(after))?.map(|ms| ms as f64 / 1e3))
    })?;
    raw.wait("sent", SENT, |lua: Lua, ()| async move {
        let list: Table = lua.create_table()?;
        for left in stage(&lua, SENT)?.sent().await? {
            let entry = lua.create_table()?;
            entry.raw_set("to", left.to)?;
            entry.raw_set("text", left.text)?;
            list.raw_push(entry)?;
        }
        Ok(list)
    })
}

fn millis(seconds: f64) -> i64 {
    (seconds * 1e3) as i64
}

fn word(lua: &Lua, what: &str, first: &str, value: &Value) -> Result<String, ScriptError> {
    match value {
        Value::String(text) => Ok(text.to_string_lossy()),
        other => {
            let message = format!("{what}: the first argument is {first}, not {}", article(other));
            Err(misuse(caller(lua), message))
        }
    }
}

fn arrival(lua: &Lua, channel: String, message: &Value) -> Result<Arrival, ScriptError> {
    let fields = Fields::open(lua, caller(lua), RECEIVE, message, &["from", "conversation", "text", "id"])?;
    let user = fields.required("from")?;
    Ok(Arrival {
        channel,
        conversation: fields.text("conversation")?.unwrap_or_else(|| user.clone()),
        user,
        text: fields.required("text")?,
        id: fields.text("id")?.unwrap_or_else(|| ulid::Ulid::generate().to_string()),
        callback: None,
    })
}
