//! `pista.memory`: what was said in all conversations, and notes.

use super::{
    super::{
        state::{caller, misuse},
        values::to_lua,
    },
    Api,
    arguments::{limit, named, options, text},
    equipment,
};
use crate::domain::{id::SessionId, primitives::NewNote, store::Found};
use mlua::{Lua, Value};
use serde_json::{Value as Json, json};

const SEARCH: &str = "pista.memory.search";
const ADD: &str = "pista.memory.add";
const LIST: &str = "pista.memory.list";
const REMOVE: &str = "pista.memory.remove";

/// Results when the call doesn't say, and at most.
const RESULTS: usize = 20;
const MOST_RESULTS: usize = 1_000;
/// Tags of a note, at most.
const MAX_TAGS: usize = 32;

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait("search", SEARCH, |lua: Lua, (query, settings): (Value, Value)| async move {
        let query = text(&lua, SEARCH, "the query", &query)?;
        let (most, session, kind) = {
            let fields = options(&lua, SEARCH, &settings, &["limit", "session", "kind"])?;
            let kind = fields.text("kind")?;
            if let Some(kind) = kind.as_deref().filter(|kind| !["note", "message"].contains(kind)) {
                return Err(fields.wrong("kind", format!("{kind:?} is neither \"note\" nor \"message\"")));
            }
            (limit(&fields, RESULTS, MOST_RESULTS)?, fields.text("session")?, kind)
        };
        let primitives = equipment(&lua, SEARCH)?.primitives.clone();
        let session = match session {
            Some(wanted) => Some(primitives.sessions.find(wanted).await.map_err(named(SEARCH))?.id),
            None => None,
        };
        let mut found: Vec<Json> = Vec::new();
        if kind.as_deref() != Some("message") && session.is_none() {
            for note in primitives.notes.search(query.clone(), most).await.map_err(named(SEARCH))? {
                found.push(note_of(&note));
            }
        }
        if kind.as_deref() != Some("note") {
            let room = most - found.len();
            for message in primitives.notes.messages(query, session, room).await.map_err(named(SEARCH))? {
                found.push(message_of(&message));
            }
        }
        Ok(to_lua(&lua, &Json::Array(found))?)
    })?;
    api.wait("add", ADD, |lua: Lua, (words, settings): (Value, Value)| async move {
        let words = text(&lua, ADD, "the text", &words)?;
        if words.trim().is_empty() {
            return Err(misuse(caller(&lua), format!("{ADD}: the text is empty")));
        }
        let (source, tags) = {
            let fields = options(&lua, ADD, &settings, &["source", "tags"])?;
            let tags = fields.texts("tags")?;
            if tags.len() > MAX_TAGS {
                return Err(fields.wrong("tags", format!("at most {MAX_TAGS}")));
            }
            (fields.text("source")?, tags)
        };
        let place = caller(&lua);
        let equipment = equipment(&lua, ADD)?;
        let context = equipment.context();
        // Where nothing is called the script's own line, whoever it acts for has to do.
        let whoever = || format!("{}:{}", context.origin.channel, context.origin.user);
        let source = source.unwrap_or_else(|| place.map_or_else(whoever, |place| place.to_string()));
        let in_turn = super::super::stop::turn().is_some();
        let note = NewNote {
            text: words,
            source,
            tags,
            session: in_turn.then(|| SessionId::clone(&context.session)),
            agent: context.agent.clone(),
        };
        equipment.primitives.notes.add(note).await.map_err(named(ADD))
    })?;
    api.wait("list", LIST, |lua: Lua, settings: Value| async move {
        let (most, tag) = {
            let fields = options(&lua, LIST, &settings, &["limit", "tag"])?;
            (limit(&fields, RESULTS, MOST_RESULTS)?, fields.text("tag")?)
        };
        let notes = equipment(&lua, LIST)?.primitives.notes.clone();
        let list: Vec<Json> = notes.list(tag, most).await.map_err(named(LIST))?.iter().map(note_of).collect();
        Ok(to_lua(&lua, &Json::Array(list))?)
    })?;
    api.wait("remove", REMOVE, |lua: Lua, id: Value| async move {
        let Some(id) = id.as_integer() else {
            return Err(misuse(caller(&lua), format!("{REMOVE}: the id of a note is a whole number")));
        };
        let notes = equipment(&lua, REMOVE)?.primitives.notes.clone();
        notes.remove(id).await.map_err(named(REMOVE))
    })
}

fn note_of(note: &impl serde::Serialize) -> Json {
    let mut json = serde_json::to_value(note).unwrap_or_default();
    json["kind"] = "note".into();
    in_seconds(&mut json);
    json
}

/// Who said it is where it comes from.
fn message_of(found: &Found) -> Json {
    let mut json = json!({
        "kind": "message", "id": found.message, "session": found.session, "role": found.role,
        "source": format!("{} in session {}", found.role, found.session),
        "snippet": found.snippet, "at_ms": found.at_ms,
    });
    in_seconds(&mut json);
    json
}

/// `at`, in seconds as everywhere in Lua.
pub(super) fn in_seconds(json: &mut Json) {
    let Some(map) = json.as_object_mut() else { return };
    for (from, to) in [("at_ms", "at"), ("created_ms", "created"), ("touched_ms", "touched")] {
        if let Some(ms) = map.remove(from).and_then(|ms| ms.as_f64()) {
            map.insert(to.into(), (ms / 1000.0).into());
        }
    }
}
