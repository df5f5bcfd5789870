//! `pista.command(name, {…}, fn)`: `/name`, which needs no model.

use super::{
    super::{
        errors::ScriptError,
        fields::Fields,
        state::{State, misuse},
    },
    Api, declaring,
    hook::callback,
    name, shown, twice,
};
use crate::domain::{command::BUILT_IN, plan::CommandSpec};
use mlua::{Lua, Value};
use std::time::Duration;

const WHAT: &str = "pista.command";
/// How long a command may take when the declaration doesn't say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("command", command)
}

fn command(lua: &Lua, (given, options, function): (Value, Value, Value)) -> Result<(), ScriptError> {
    let at = declaring(lua, WHAT)?;
    let given = match &given {
        // It is natural to write the slash.
        Value::String(text) => match text.to_string_lossy().strip_prefix('/') {
            Some(rest) => Value::String(lua.create_string(rest)?),
            None => given,
        },
        _ => given,
    };
    let name = name(at.as_ref(), WHAT, &given)?;
    if BUILT_IN.contains(&name.as_str()) {
        return Err(misuse(at, format!("{WHAT}: /{name} is one of the engine's own commands")));
    }
    let state = State::of(lua);
    if let Some(first) = state.plan.borrow().commands.get(&name) {
        return Err(twice(at, WHAT, &name, &first.location));
    }
    let (options, function) =
        if function.is_nil() && options.is_function() { (Value::Nil, options) } else { (options, function) };
    let (help, timeout) = match options {
        Value::Nil => (None, None),
        options => {
            let fields = Fields::open(lua, at.clone(), WHAT, &options, &["help", "timeout"])?;
            (fields.text("help")?, fields.seconds("timeout")?)
        }
    };
    let function = callback(at.as_ref(), WHAT, function)?;
    let spec = CommandSpec {
        name: name.clone(),
        help: help.unwrap_or_default(),
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        handler: state.keep(function),
        location: shown(at.as_ref()),
    };
    state.plan.borrow_mut().commands.insert(name, spec);
    Ok(())
}
