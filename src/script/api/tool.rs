//! `pista.tool{…}`: a tool written in Lua.

use super::{
    super::{
        errors::ScriptError,
        fields::Fields,
        state::{State, misuse},
        values::Secrets,
    },
    Api, declaring, shown, twice,
};
use crate::domain::{
    plan::LuaTool,
    schema,
    tool::{Effect, ToolSpec},
};
use mlua::{Lua, Value};
use std::time::Duration;

const WHAT: &str = "pista.tool";
/// How long a call may take when the declaration doesn't say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest name; servers accept no longer ones.
const MAX_NAME: usize = 64;

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("tool", tool)
}

fn tool(lua: &Lua, declaration: Value) -> Result<(), ScriptError> {
    let at = declaring(lua, WHAT)?;
    let known = ["name", "description", "parameters", "run", "effect", "timeout"];
    let fields = Fields::open(lua, at.clone(), WHAT, &declaration, &known)?;
    let name = fields.required("name")?;
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && !part.ends_with('-')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    if name.len() > MAX_NAME || !name.split('.').all(word) {
        let advice = "use words of letters, digits, '_' and '-', joined by dots, such as \"get-weather\" or \"home.lights\"";
        return Err(fields.wrong("name", format!("{name:?} is no tool name: {advice}")));
    }
    let state = State::of(lua);
    if let Some(first) = state.plan.borrow().tools.iter().find(|tool| tool.spec.name == name) {
        return Err(twice(at, WHAT, &name, &first.location));
    }
    let effect = match fields.text("effect")?.as_deref() {
        None | Some("act") => Effect::Act,
        Some("read") => Effect::Read,
        Some(other) => {
            return Err(fields.wrong("effect", format!("{other:?} is neither \"read\" nor \"act\"")));
        }
    };
    let description = fields.required("description")?;
    let parameters = fields.json("parameters", Secrets::Refused)?;
    let parameters = schema::expand(parameters)
        .map_err(|(key, reason)| misuse(fields.place(&key), format!("{WHAT}: parameters: {reason}")))?;
    let run = fields.function("run")?.ok_or_else(|| fields.missing("run"))?;
    let timeout = fields.seconds("timeout")?.unwrap_or(DEFAULT_TIMEOUT);
    let handler = state.keep(run);
    let spec = ToolSpec { name, description, parameters: parameters.into(), effect };
    state.plan.borrow_mut().tools.push(LuaTool { spec, handler, timeout, location: shown(at.as_ref()) });
    Ok(())
}
