//! `pista.setup{…}`: settings.

use super::{
    super::{
        errors::ScriptError,
        fields::Fields,
        state::{State, misuse},
        values::Secrets,
    },
    Api, declaring, shown,
};
use mlua::{Lua, Value};

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("setup", setup)
}

fn setup(lua: &Lua, settings: Value) -> Result<(), ScriptError> {
    const WHAT: &str = "pista.setup";
    let at = declaring(lua, WHAT)?;
    let state = State::of(lua);
    let known: Vec<_> = state.settings.iter().map(|key| key.name).collect();
    let fields = Fields::open(lua, at, WHAT, &settings, &known)?;
    for (name, _) in fields.entries()? {
        let value = fields.json(&name, Secrets::AsReference)?.unwrap_or_default();
        if let Some(key) = state.settings.iter().find(|key| key.name == name)
            && let Err(reason) = (key.check)(&value)
        {
            return Err(fields.wrong(&name, reason));
        }
        let place = fields.place(&name);
        let mut plan = state.plan.borrow_mut();
        if let Some((_, _, first)) = plan.settings.iter().find(|(known, ..)| *known == name) {
            return Err(misuse(place, format!("{WHAT}: {name:?} is set already, at {first}")));
        }
        plan.settings.push((name, value, shown(place.as_ref())));
    }
    Ok(())
}
