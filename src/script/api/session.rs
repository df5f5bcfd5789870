//! `pista.session`: the conversations that are stored.

use super::{
    super::{
        errors::ScriptError,
        payload,
        state::{caller, misuse},
        stop,
        values::to_lua,
    },
    Api,
    arguments::{limit, named, optional, options, text},
    equipment,
    memory::in_seconds,
};
use crate::domain::{
    primitives::{FailureKind, Sessions},
    store::{Session, StoredMessage},
};
use mlua::{Lua, Table, Value};
use std::sync::Arc;

const LIST: &str = "pista.session.list";
const GET: &str = "pista.session.get";
const MESSAGES: &str = "pista.session.messages";
const CURRENT: &str = "pista.session.current";
const NEW: &str = "pista.session.new";
const NAME: &str = "pista.session.name";
const REMOVE: &str = "pista.session.remove";

/// Conversations that are listed when the call doesn't say, and at most.
const LISTED: usize = 50;
const MOST_LISTED: usize = 10_000;
/// Messages that are read when the call doesn't say, and at most.
const READ: usize = 100;
const MOST_READ: usize = 10_000;

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait("list", LIST, |lua: Lua, settings: Value| async move {
        let most = limit(&options(&lua, LIST, &settings, &["limit"])?, LISTED, MOST_LISTED)?;
        let list = lua.create_table()?;
        for session in sessions(&lua, LIST)?.list(most).await.map_err(named(LIST))? {
            list.raw_push(shown(&lua, &session)?)?;
        }
        Ok(list)
    })?;
    api.wait("get", GET, |lua: Lua, id: Value| async move {
        let id = text(&lua, GET, "the id or name", &id)?;
        match sessions(&lua, GET)?.find(id).await {
            Ok(session) => shown(&lua, &session),
            Err(error) if error.kind == FailureKind::NotFound => Ok(Value::Nil),
            Err(error) => Err(named(GET)(error)),
        }
    })?;
    api.wait("messages", MESSAGES, |lua: Lua, (id, settings): (Value, Value)| async move {
        let most = limit(&options(&lua, MESSAGES, &settings, &["limit"])?, READ, MOST_READ)?;
        let id = text(&lua, MESSAGES, "the id or name", &id)?;
        let sessions = sessions(&lua, MESSAGES)?;
        let session = sessions.find(id).await.map_err(named(MESSAGES))?.id;
        let list = lua.create_table()?;
        for stored in sessions.messages(session, most).await.map_err(named(MESSAGES))? {
            list.raw_push(message(&lua, &stored)?)?;
        }
        Ok(list)
    })?;
    api.add("current", |lua, ()| {
        equipment(lua, CURRENT)?;
        Ok(stop::turn().map(|turn| turn.session.to_string()))
    })?;
    api.wait("new", NEW, |lua: Lua, settings: Value| async move {
        let (name, agent) = {
            let fields = options(&lua, NEW, &settings, &["name", "agent"])?;
            (fields.text("name")?, fields.text("agent")?)
        };
        let origin = equipment(&lua, NEW)?.context().origin.clone();
        let session = sessions(&lua, NEW)?.create(name, agent, origin).await.map_err(named(NEW))?;
        shown(&lua, &session)
    })?;
    api.wait("name", NAME, |lua: Lua, (id, name): (Value, Value)| async move {
        let id = text(&lua, NAME, "the id or name", &id)?;
        let name = optional(&lua, NAME, "the new name", &name)?;
        let sessions = sessions(&lua, NAME)?;
        let session = sessions.find(id).await.map_err(named(NAME))?.id;
        sessions.rename(session, name).await.map_err(named(NAME))
    })?;
    api.wait("remove", REMOVE, |lua: Lua, id: Value| async move {
        let id = text(&lua, REMOVE, "the id or name", &id)?;
        let sessions = sessions(&lua, REMOVE)?;
        let session = sessions.find(id).await.map_err(named(REMOVE))?.id;
        if stop::turn().is_some_and(|turn| turn.session == session) {
            let message = format!("{REMOVE}: this handler runs in that session");
            return Err(misuse(caller(&lua), message));
        }
        sessions.remove(session).await.map_err(named(REMOVE))
    })
}

fn sessions(lua: &Lua, what: &str) -> Result<Arc<dyn Sessions>, ScriptError> {
    Ok(equipment(lua, what)?.primitives.sessions.clone())
}

fn shown(lua: &Lua, session: &Session) -> Result<Value, ScriptError> {
    let mut json = serde_json::to_value(session).unwrap_or_default();
    in_seconds(&mut json);
    Ok(to_lua(lua, &json)?)
}

fn message(lua: &Lua, stored: &StoredMessage) -> mlua::Result<Table> {
    let table = payload::message(lua, &stored.message)?;
    table.raw_set("id", stored.id)?;
    table.raw_set("turn", stored.turn.as_str())?;
    table.raw_set("at", stored.at_ms as f64 / 1000.0)?;
    Ok(table)
}
