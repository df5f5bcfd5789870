//! `pista.sleep(seconds)`: waits. Other handlers run meanwhile.

use super::{
    super::{
        errors::ScriptError,
        state::{State, caller, misuse},
    },
    Api,
};
use mlua::Lua;
use std::time::Duration;

const WHAT: &str = "pista.sleep";
/// The longest sleep, in seconds.
const MAX: f64 = 86_400.0;

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait("sleep", WHAT, |lua: Lua, seconds: Option<f64>| async move {
        let time = time(&lua, seconds)?;
        match State::of(&lua).pass(time.as_secs_f64()) {
            true => tokio::task::yield_now().await,
            false => tokio::time::sleep(time).await,
        }
        Ok(())
    })
}

fn time(lua: &Lua, seconds: Option<f64>) -> Result<Duration, ScriptError> {
    match seconds {
        Some(seconds) if (0.0..=MAX).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(misuse(caller(lua), format!("{WHAT}: expected seconds, from 0 to {MAX}"))),
    }
}
