//! `pista.channel(name, {…})`: a way in and out for messages; and `self` of its functions.

use super::{
    super::{
        channel::ChannelSelf,
        errors::ScriptError,
        fields::{Fields, article},
        state::{State, caller, misuse},
    },
    Api,
    agent::rules,
    declaring, name, shown, telegram, twice,
};
use crate::domain::{
    plan::{ChannelKind, ChannelRates, ChannelSpec, Steer},
    post::{Arrival, Receipt},
    rates::Rates,
};
use mlua::{AnyUserData, Lua, Value};
use std::sync::Arc;

const WHAT: &str = "pista.channel";
/// The keys of a channel that is written in Lua.
const LUA_KEYS: &[&str] = &["start", "send"];
const RECEIVE: &str = "receive";
const ANSWER: &str = "answer";
/// Names that stand for places of the engine's own.
const RESERVED: &[&str] = &["cli", "lua", "quic", "repl"];
/// Where `receive` and `answer` are kept for the engine's side.
pub(in super::super) const KEPT: &str = "pista.channel.receive";
pub(in super::super) const KEPT_ANSWER: &str = "pista.channel.answer";

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("channel", channel)?;
    let hidden = Api {
        lua: api.lua,
        table: api.lua.create_table()?,
        raising: api.raising.clone(),
        waiting: api.waiting.clone(),
    };
    hidden.wait(RECEIVE, "self:receive", |lua: Lua, (this, message): (Value, Value)| async move {
        receive(&lua, &own(&lua, &this, RECEIVE)?, &message).await
    })?;
    hidden.wait(ANSWER, "self:answer", |lua: Lua, (this, pressed): (Value, Value)| async move {
        answer(&lua, &own(&lua, &this, ANSWER)?, &pressed).await
    })?;
    api.lua.set_named_registry_value(KEPT_ANSWER, hidden.table.get::<Value>(ANSWER)?)?;
    api.lua.set_named_registry_value(KEPT, hidden.table.get::<Value>(RECEIVE)?)
}

fn own(lua: &Lua, this: &Value, method: &str) -> Result<AnyUserData, ScriptError> {
    match this {
        Value::UserData(data) if data.is::<ChannelSelf>() => Ok(data.clone()),
        _ => {
            let message = format!("self:{method}: call it with a colon, as self:{method}{{ … }}");
            Err(misuse(caller(lua), message))
        }
    }
}

fn channel(lua: &Lua, (given, options): (Value, Value)) -> Result<(), ScriptError> {
    let at = declaring(lua, WHAT)?;
    let name = name(at.as_ref(), WHAT, &given)?;
    if RESERVED.contains(&name.as_str()) {
        return Err(misuse(at, format!("{WHAT}: {name:?} is a channel of the engine's own")));
    }
    let state = State::of(lua);
    if let Some(first) = state.plan.borrow().channels.get(&name) {
        return Err(twice(at, WHAT, &name, &first.location));
    }
    if let Some(spec) = super::channel_http::read(lua, at.as_ref(), &name, &options)? {
        state.plan.borrow_mut().channels.insert(name, spec);
        return Ok(());
    }
    let kinds = ["lua", telegram::KIND, super::channel_http::KIND];
    if let Some(other) = kind(&options)?.filter(|kind| !kinds.contains(&kind.as_str())) {
        return Err(misuse(at, format!("{WHAT}: kind: {other:?} is none of {}", kinds.join(", "))));
    }
    let is_telegram = kind(&options)?.map_or(name == telegram::KIND, |kind| kind == telegram::KIND);
    let own: &[&str] = if is_telegram { telegram::KEYS } else { LUA_KEYS };
    let known = [&["kind", "users", "owners", "agent", "steer", "tools", "rates"], own].concat();
    let fields = Fields::open(lua, at.clone(), WHAT, &options, &known)?;
    fields.text("kind")?;
    let kind = if is_telegram {
        telegram::kind(&fields)?
    } else {
        let start = fields.function("start")?;
        let send = fields.function("send")?.ok_or_else(|| fields.missing("send"))?;
        ChannelKind::Lua { start: start.map(|f| state.keep(f)), send: state.keep(send) }
    };
    let spec = ChannelSpec {
        name: name.clone(),
        kind,
        users: users(&fields)?,
        owners: owners(&fields)?,
        agent: fields.text("agent")?,
        steer: steer(&fields)?,
        rules: rules(&fields)?,
        rates: rates(&fields)?,
        location: shown(at.as_ref()),
    };
    state.plan.borrow_mut().channels.insert(name, spec);
    Ok(())
}

/// What the table says of the kind, before its keys are looked at.
fn kind(options: &Value) -> mlua::Result<Option<String>> {
    match options {
        Value::Table(table) => {
            Ok(table.raw_get::<Value>("kind")?.as_string().map(|kind| kind.to_string_lossy()))
        }
        _ => Ok(None),
    }
}

/// How often people may speak.
pub(super) fn rates(fields: &Fields) -> Result<ChannelRates, ScriptError> {
    if let Value::Boolean(false) = fields.value("rates")? {
        return Ok(ChannelRates::Any);
    }
    let Some(given) = fields.table("rates", &Rates::KEYS)? else { return Ok(ChannelRates::Setting) };
    let [per_minute, burst, channel_per_minute, channel_burst] = Rates::KEYS;
    let of = |key| given.count::<u32>(key);
    let rates = Rates::of(
        of(per_minute)?.ok_or_else(|| given.missing(per_minute))?,
        of(burst)?,
        of(channel_per_minute)?,
        of(channel_burst)?,
    );
    Ok(ChannelRates::Own(rates))
}

fn steer(fields: &Fields) -> Result<Steer, ScriptError> {
    match fields.text("steer")?.as_deref() {
        None | Some("wait") => Ok(Steer::Wait),
        Some("join") => Ok(Steer::Join),
        Some(_) => Err(fields.wrong("steer", "expected \"wait\" or \"join\"")),
    }
}

/// Who may approve. Each has to be named.
pub(super) fn owners(fields: &Fields) -> Result<Option<Vec<String>>, ScriptError> {
    if fields.value("owners")?.is_nil() {
        return Ok(None);
    }
    let owners = ids(fields, "owners")?;
    if owners.iter().any(|owner| owner == "*") {
        let message = "\"*\" would let everybody approve: name those who may, by their ids";
        return Err(fields.wrong("owners", message));
    }
    Ok(Some(owners))
}

fn ids(fields: &Fields, key: &str) -> Result<Vec<String>, ScriptError> {
    let mut ids = Vec::new();
    for given in fields.list(key)? {
        match id(&given) {
            Some(id) if !id.is_empty() => ids.push(id),
            _ => {
                let message = format!("expected ids (strings or whole numbers), got {}", article(&given));
                return Err(fields.wrong(key, message));
            }
        }
    }
    Ok(ids)
}

pub(super) fn users(fields: &Fields) -> Result<Vec<String>, ScriptError> {
    let users = ids(fields, "users")?;
    if users.len() > 1 && users.iter().any(|user| user == "*") {
        return Err(fields.wrong("users", "\"*\" lets everybody in: it stands alone"));
    }
    Ok(users)
}

/// An id: platforms give texts, or whole numbers.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string_lossy()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            Some((*number as i64).to_string())
        }
        _ => None,
    }
}

async fn receive(
    lua: &Lua,
    this: &AnyUserData,
    message: &Value,
) -> Result<(&'static str, Option<String>), ScriptError> {
    let at = caller(lua);
    let (name, door) = {
        let this = this.borrow::<ChannelSelf>()?;
        (this.name.clone(), Arc::clone(&this.door))
    };
    let fields =
        Fields::open(lua, at, "self:receive", message, &["from", "to", "conversation", "text", "id"])?;
    let of = |key: &str| match fields.value(key)? {
        Value::Nil => Ok(None),
        value => match id(&value) {
            Some(id) if !id.is_empty() => Ok(Some(id)),
            _ => Err(fields
                .wrong(key, format!("expected an id (a string or a whole number), got {}", article(&value)))),
        },
    };
    let required = |key: &str| of(key)?.ok_or_else(|| fields.missing(key));
    let user = required("from")?;
    let arrival = Arrival {
        channel: name,
        conversation: match of("conversation")? {
            Some(conversation) => conversation,
            None => of("to")?.unwrap_or_else(|| user.clone()),
        },
        user,
        text: fields.text("text")?.ok_or_else(|| fields.missing("text"))?,
        id: required("id")?,
        callback: None,
    };
    match door.receive(arrival).await {
        Ok(Receipt::Accepted) => Ok(("accepted", None)),
        Ok(Receipt::Seen) => Ok(("seen", None)),
        Ok(Receipt::Refused(why)) => Ok(("refused", Some(why))),
        Ok(Receipt::Limited { retry_after }) => Ok(("limited", Some(Receipt::limited(retry_after)))),
        Err(error) => {
            Err(ScriptError::new(super::super::errors::ErrorKind::Io, format!("self:receive: {error}")))
        }
    }
}

/// Takes a button that was pressed; what to tell whoever pressed it.
async fn answer(lua: &Lua, this: &AnyUserData, pressed: &Value) -> Result<String, ScriptError> {
    let at = caller(lua);
    let door = Arc::clone(&this.borrow::<ChannelSelf>()?.door);
    let fields = Fields::open(lua, at, "self:answer", pressed, &["from", "question", "yes"])?;
    let given = fields.value("from")?;
    let user = match id(&given) {
        Some(id) if !id.is_empty() => id,
        _ if given.is_nil() => return Err(fields.missing("from")),
        _ => {
            let message = format!("expected an id (a string or a whole number), got {}", article(&given));
            return Err(fields.wrong("from", message));
        }
    };
    let question = fields.text("question")?.ok_or_else(|| fields.missing("question"))?;
    let yes = match fields.value("yes")? {
        Value::Boolean(yes) => yes,
        Value::Nil => return Err(fields.missing("yes")),
        other => return Err(fields.wrong("yes", format!("expected a boolean, got {}", article(&other)))),
    };
    Ok(door.answer(&user, &question, yes).await)
}
