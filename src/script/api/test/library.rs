//! What the Lua side of specs needs of Rust.

use super::super::{
    super::{
        errors::{ErrorKind, Failure, ScriptError},
        fields::article,
        guard::on_error,
        pretty::pretty,
        state::{State, caller, misuse},
    },
    Api, equipment,
};
use crate::domain::nearest::suggestion;
use mlua::{Table, Value};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

pub(super) fn table(api: &Api) -> mlua::Result<Table> {
    let lua = api.lua;
    let host = lua.create_table()?;
    // The place of the spec that called.
    host.set("place", lua.create_function(|lua, ()| Ok(caller(lua).map(|place| place.to_string())))?)?;
    host.set("kind", lua.create_function(|_, value: Value| Ok(article(&value)))?)?;
    host.set("show", lua.create_function(|lua, value: Value| pretty(lua, &value))?)?;
    host.set("misuse", lua.create_function(|lua, text: String| Ok(Failure(misuse(caller(lua), text))))?)?;
    host.set(
        "failure",
        lua.create_function(|lua, text: String| {
            let error = ScriptError::new(ErrorKind::Expectation, text);
            Ok(Failure(match caller(lua) {
                Some(place) => error.at(place.file, Some(place.line)),
                None => error,
            }))
        })?,
    )?;
    host.set(
        "failure_at",
        lua.create_function(|_, (place, text): (String, String)| {
            let error = ScriptError::new(ErrorKind::Expectation, text);
            Ok(Failure(match place.rsplit_once(':').map(|(file, line)| (file, line.parse().ok())) {
                Some((file, Some(line))) => error.at(file, Some(line)),
                _ => error.at(place, None),
            }))
        })?,
    )?;
    // What was raised, with its place.
    host.set("located", lua.create_function(on_error)?)?;
    host.set(
        "suggestion",
        lua.create_function(|_, (given, known): (String, Vec<String>)| {
            Ok(suggestion(&given, known.iter().map(String::as_str)))
        })?,
    )?;
    host.set(
        "regex",
        lua.create_function(|_, (pattern, text): (String, String)| match regex::Regex::new(&pattern) {
            Ok(regex) => Ok((Some(regex.is_match(&text)), None)),
            Err(error) => Ok((None, Some(format!("{pattern:?} is no regular expression: {error}")))),
        })?,
    )?;
    // `clock(seconds)` says what time it is; `clock(nil, true)` that it is what it really is, and stays so.
    host.set(
        "clock",
        lua.create_function(|lua, (at, really): (Option<f64>, Option<bool>)| {
            let state = State::of(lua);
            if at.is_some() || really == Some(true) {
                state.clock.set(Some(at.unwrap_or_else(now)));
            }
            Ok(state.clock.get().unwrap_or_else(now))
        })?,
    )?;
    let listing = Api { table: host.clone(), ..api.clone() };
    listing.add("tools", |lua, ()| {
        let equipment = equipment(lua, "pista.test")?;
        let tools = equipment.primitives.tools.list(&equipment.context())?;
        Ok(tools.into_iter().map(|tool| tool.spec.name).collect::<Vec<_>>())
    })?;
    Ok(host)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// `host.scripted(bool)`: whether the spec has answers for the model.
pub(super) fn scripted(api: &Api, host: &Table) -> mlua::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    host.set(
        "scripted",
        api.lua.create_function(move |_, scripted: bool| {
            set.store(scripted, Ordering::Relaxed);
            Ok(())
        })?,
    )?;
    Ok(flag)
}
