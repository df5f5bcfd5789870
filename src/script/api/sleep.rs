//! `pista.sleep(seconds)`: waits. Other handlers run meanwhile.

use super::{
    super::{
        errors::ScriptError,
        state::{State, caller, misuse},
    },
    Api, answer,
};
use mlua::{Function, Lua, Table};
use std::time::Duration;

const WHAT: &str = "pista.sleep";
/// The longest sleep, in seconds.
const MAX: f64 = 86_400.0;

pub(super) fn register(api: &Api, host: &Table) -> mlua::Result<()> {
    let sleep = api.lua.create_async_function(|lua: Lua, seconds: Option<f64>| async move {
        let time = time(&lua, seconds);
        if let Ok(time) = time {
            tokio::time::sleep(time).await;
        }
        answer(&lua, time.map(drop))
    })?;
    let waiting: Function = host.get("waiting")?;
    api.table.set("sleep", waiting.call::<Function>((WHAT, sleep))?)
}

fn time(lua: &Lua, seconds: Option<f64>) -> Result<Duration, ScriptError> {
    State::of(lua).acting(WHAT).map_err(|reason| misuse(caller(lua), reason))?;
    match seconds {
        Some(seconds) if (0.0..=MAX).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(misuse(caller(lua), format!("{WHAT}: expected seconds, from 0 to {MAX}"))),
    }
}
