//! `pista.cron(name, {…}, fn)`: a job that runs at times.

use super::{
    super::{
        errors::ScriptError,
        fields::{Fields, article},
        state::{State, misuse},
    },
    Api, declaring, name, shown, twice,
};
use crate::{
    cron,
    domain::{
        nearest::suggestion,
        plan::{CronSpec, CronWork, Missed, Overlap, Schedule},
    },
};
use mlua::{Lua, Value};
use std::time::Duration;

const WHAT: &str = "pista.cron";
const KEYS: [&str; 9] = ["at", "every", "tz", "missed", "overlap", "timeout", "to", "agent", "prompt"];
/// How long a run may take when the declaration doesn't say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("cron", declare)
}

fn declare(lua: &Lua, (given, options, function): (Value, Value, Value)) -> Result<(), ScriptError> {
    let at = declaring(lua, WHAT)?;
    let name = name(at.as_ref(), WHAT, &given)?;
    let state = State::of(lua);
    if let Some(first) = state.plan.borrow().cron.get(&name) {
        return Err(twice(at, WHAT, &name, &first.location));
    }
    let fields = Fields::open(lua, at.clone(), WHAT, &options, &KEYS)?;
    let schedule = schedule(&fields)?;
    let tz = fields.text("tz")?;
    match &tz {
        Some(_) if matches!(schedule, Schedule::Every(_)) => {
            return Err(fields.wrong("tz", "an interval is the same in every time zone; leave it out"));
        }
        Some(zone) => drop(cron::zone(zone).map_err(|reason| fields.wrong("tz", reason))?),
        None => {}
    }
    let missed =
        one_of(&fields, "missed", &[("skip", Missed::Skip), ("once", Missed::Once), ("all", Missed::All)])?;
    let overlap = one_of(&fields, "overlap", &[("skip", Overlap::Skip), ("queue", Overlap::Queue)])?;
    let spec = CronSpec {
        name: name.clone(),
        schedule,
        tz,
        missed,
        overlap,
        timeout: fields.seconds("timeout")?.unwrap_or(DEFAULT_TIMEOUT),
        to: address(&fields)?,
        work: work(&fields, &state, function)?,
        location: shown(at.as_ref()),
    };
    state.plan.borrow_mut().cron.insert(name, spec);
    Ok(())
}

fn schedule(fields: &Fields) -> Result<Schedule, ScriptError> {
    match (fields.text("at")?, fields.value("every")?) {
        (Some(text), Value::Nil) => match cron::Expression::parse(&text) {
            Ok(_) => Ok(Schedule::Cron(text.trim().to_owned())),
            Err(reason) => Err(fields.wrong("at", reason)),
        },
        (None, every) if !every.is_nil() => {
            let interval = match &every {
                Value::String(text) => cron::interval(&text.to_string_lossy()),
                _ => match fields.number("every")? {
                    Some(seconds) => Duration::try_from_secs_f64(seconds)
                        .map_err(|error| error.to_string())
                        .and_then(cron::within),
                    None => return Err(fields.missing("every")),
                },
            };
            interval.map(Schedule::Every).map_err(|reason| fields.wrong("every", reason))
        }
        (Some(_), _) => Err(fields.wrong("every", "give at or every, not both")),
        (None, _) => Err(fields.missing("at (a cron expression) or every (an interval)")),
    }
}

fn work(fields: &Fields, state: &State, function: Value) -> Result<CronWork, ScriptError> {
    let (agent, prompt) = (fields.text("agent")?, fields.text("prompt")?);
    match (function, prompt) {
        (Value::Function(_), Some(_)) => Err(fields
            .wrong("prompt", "give a function or a prompt, not both; pista.ask_agent asks from a function")),
        (Value::Function(_), None) if agent.is_some() => {
            Err(fields.wrong("agent", "it answers a prompt, and there is a function in its place"))
        }
        (Value::Function(function), None) => Ok(CronWork::Handler(state.keep(function))),
        (Value::Nil, Some(text)) if !text.trim().is_empty() => Ok(CronWork::Prompt { agent, text }),
        (Value::Nil, _) => Err(fields.missing("what the job does: a function as last argument, or prompt")),
        (other, _) => Err(misuse(
            fields.place("at"),
            format!("{WHAT}: the last argument is a function, not {}", article(&other)),
        )),
    }
}

fn address(fields: &Fields) -> Result<Option<String>, ScriptError> {
    let Some(to) = fields.text("to")? else { return Ok(None) };
    match to.split_once(':') {
        Some((channel, conversation)) if !channel.is_empty() && !conversation.is_empty() => Ok(Some(to)),
        _ => Err(fields.wrong(
            "to",
            format!("{to:?} is no address; write channel:conversation, such as \"telegram:123456\""),
        )),
    }
}

fn one_of<T: Copy + Default>(fields: &Fields, key: &str, known: &[(&str, T)]) -> Result<T, ScriptError> {
    let Some(word) = fields.text(key)? else { return Ok(T::default()) };
    let found = known.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let hint = suggestion(&word, known.iter().map(|(name, _)| *name));
        fields.wrong(key, format!("there is no {word:?} ({hint})"))
    })
}
