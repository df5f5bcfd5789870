//! `pista.kv`: values under keys, which outlive reloads and restarts.

use super::{
    super::{
        errors::ScriptError,
        fields::article,
        state::{caller, misuse},
        values::{Secrets, to_json, to_lua},
    },
    Api,
    arguments::{limit, named, optional, options, text},
    equipment,
};
use crate::domain::primitives::KeptValue;
use mlua::{Lua, Value};
use serde_json::Value as Json;

const GET: &str = "pista.kv.get";
const SET: &str = "pista.kv.set";
const DELETE: &str = "pista.kv.delete";
const LIST: &str = "pista.kv.list";
const INCR: &str = "pista.kv.incr";

/// Keys that are listed when nobody says, and at most.
const LISTED: usize = 1_000;
const MOST_LISTED: usize = 100_000;

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait("get", GET, |lua: Lua, (key, default): (Value, Value)| async move {
        let key = text(&lua, GET, "the key", &key)?;
        let values = equipment(&lua, GET)?.primitives.values.clone();
        match values.get(key).await.map_err(named(GET))? {
            Some(value) => Ok(to_lua(&lua, &value)?),
            None => Ok(default),
        }
    })?;
    api.wait("set", SET, |lua: Lua, (key, value, settings): (Value, Value, Value)| async move {
        let key = text(&lua, SET, "the key", &key)?;
        let value = plain(&lua, SET, &value)?;
        let (ttl, expect) = {
            let fields = options(&lua, SET, &settings, &["ttl", "expect"])?;
            (fields.seconds("ttl")?, fields.json("expect", Secrets::Refused)?)
        };
        let values = equipment(&lua, SET)?.primitives.values.clone();
        values.set(KeptValue { key, value, ttl, expect }).await.map_err(named(SET))
    })?;
    api.wait("delete", DELETE, |lua: Lua, key: Value| async move {
        let key = text(&lua, DELETE, "the key", &key)?;
        let values = equipment(&lua, DELETE)?.primitives.values.clone();
        values.delete(key).await.map_err(named(DELETE))
    })?;
    api.wait("list", LIST, |lua: Lua, (prefix, settings): (Value, Value)| async move {
        let prefix = optional(&lua, LIST, "the prefix", &prefix)?.unwrap_or_default();
        let most = limit(&options(&lua, LIST, &settings, &["limit"])?, LISTED, MOST_LISTED)?;
        let values = equipment(&lua, LIST)?.primitives.values.clone();
        values.keys(prefix, most).await.map_err(named(LIST))
    })?;
    api.wait("incr", INCR, |lua: Lua, (key, by): (Value, Value)| async move {
        let key = text(&lua, INCR, "the key", &key)?;
        let by = match by {
            Value::Nil => Json::from(1),
            by @ (Value::Integer(_) | Value::Number(_)) => plain(&lua, INCR, &by)?,
            other => {
                let message = format!("{INCR}: what is added is a number, not {}", article(&other));
                return Err(misuse(caller(&lua), message));
            }
        };
        let values = equipment(&lua, INCR)?.primitives.values.clone();
        Ok(to_lua(&lua, &values.add(key, by).await.map_err(named(INCR))?)?)
    })
}

/// A value that can be kept.
fn plain(lua: &Lua, what: &str, value: &Value) -> Result<Json, ScriptError> {
    let json = to_json(lua, value, "the value", Secrets::Refused)
        .map_err(|reason| misuse(caller(lua), format!("{what}: {reason}")))?;
    if json.is_null() {
        let message = format!("{what}: there is no value to keep; pista.kv.delete(key) removes one");
        return Err(misuse(caller(lua), message));
    }
    Ok(json)
}
