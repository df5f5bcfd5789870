//! `pista.hook(point, [options], fn)` takes part; `pista.on(event, fn)` observes.

use super::{
    super::{
        errors::ScriptError,
        fields::{Fields, article},
        state::{Place, State, misuse, written},
    },
    Api, declaring, shown,
};
use crate::domain::{nearest::suggestion, plan::Handler, points::Point};
use mlua::{Function, Lua, Value};

/// The points at which hooks take part besides those of [`Point`].
const POINTS: &[&str] = &["prompt", "tool_call"];
/// What can be observed.
pub(in super::super) const EVENTS: &[&str] = &[
    "turn.start",
    "turn.end",
    "tool.start",
    "tool.end",
    "llm.start",
    "llm.end",
    "session.start",
    "session.reset",
    "channel.up",
    "channel.down",
    "task.failed",
    "approval.asked",
    "approval.decided",
    "cron.done",
    "reload",
    "error",
    "shutdown",
];

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("hook", hook)?;
    api.add("on", on)
}

fn hook(lua: &Lua, (point, options, function): (Value, Value, Value)) -> Result<(), ScriptError> {
    const WHAT: &str = "pista.hook";
    let at = declaring(lua, WHAT)?;
    let points: Vec<_> = POINTS.iter().copied().chain(Point::ALL.map(Point::name)).collect();
    let point = one_of(at.as_ref(), WHAT, "hook point", &point, &points)?;
    let (options, function) =
        if function.is_nil() && options.is_function() { (Value::Nil, options) } else { (options, function) };
    let priority = match options {
        Value::Nil => 0,
        options => {
            let fields = Fields::open(lua, at.clone(), WHAT, &options, &["priority"])?;
            fields.integer("priority")?.unwrap_or(0)
        }
    };
    let function = callback(at.as_ref(), WHAT, function)?;
    let state = State::of(lua);
    let location = shown(written(&function).or(at).as_ref());
    let handler = Handler { point, id: state.keep(function), priority, location };
    let mut plan = state.plan.borrow_mut();
    let later = plan.hooks.iter().position(|other| other.priority < priority).unwrap_or(plan.hooks.len());
    plan.hooks.insert(later, handler);
    Ok(())
}

fn on(lua: &Lua, (event, function): (Value, Value)) -> Result<(), ScriptError> {
    const WHAT: &str = "pista.on";
    let at = declaring(lua, WHAT)?;
    let point = one_of(at.as_ref(), WHAT, "event", &event, EVENTS)?;
    let function = callback(at.as_ref(), WHAT, function)?;
    let state = State::of(lua);
    let location = shown(written(&function).or(at).as_ref());
    let handler = Handler { point, id: state.keep(function), priority: 0, location };
    state.plan.borrow_mut().observers.push(handler);
    Ok(())
}

fn one_of(
    at: Option<&Place>,
    what: &str,
    kind: &str,
    value: &Value,
    known: &[&'static str],
) -> Result<String, ScriptError> {
    let Value::String(name) = value else {
        let message = format!("{what}: the first argument is a {kind}, not {}", article(value));
        return Err(misuse(at.cloned(), message));
    };
    let name = name.to_string_lossy();
    if known.contains(&name.as_str()) {
        return Ok(name);
    }
    let hint = suggestion(&name, known.iter().copied());
    Err(misuse(at.cloned(), format!("{what}: there is no {kind} {name:?} ({hint})")))
}

pub(super) fn callback(at: Option<&Place>, what: &str, value: Value) -> Result<Function, ScriptError> {
    match value {
        Value::Function(function) => Ok(function),
        other => {
            let message = format!("{what}: the last argument is a function, not {}", article(&other));
            Err(misuse(at.cloned(), message))
        }
    }
}
