//! `pista.provider(name, {…})`: a server, or a function in Lua, that answers for models.

use super::{
    super::{
        errors::ScriptError,
        fields::Fields,
        provider::DEFAULT_TIMEOUT,
        state::{State, misuse},
        values::Secrets,
    },
    Api, declaring, name, shown, twice,
};
use crate::domain::plan::{ProviderKind, ProviderSpec};
use mlua::{Lua, Value};
use serde_json::Value as Json;

const WHAT: &str = "pista.provider";
const KEYS: &[&str] =
    &["base_url", "api_key", "dialect", "chat", "timeout", "fallback", "model", "context_window", "price"];

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("provider", provider)
}

fn provider(lua: &Lua, (given, options): (Value, Value)) -> Result<(), ScriptError> {
    let at = declaring(lua, WHAT)?;
    let name = name(at.as_ref(), WHAT, &given)?;
    let state = State::of(lua);
    if let Some(first) = state.plan.borrow().providers.get(&name) {
        return Err(twice(at, WHAT, &name, &first.location));
    }
    let fields = Fields::open(lua, at.clone(), WHAT, &options, KEYS)?;
    let kind = match (fields.text("base_url")?, fields.function("chat")?) {
        (Some(base_url), None) => server(&fields, base_url)?,
        (None, Some(chat)) => {
            for key in ["api_key", "dialect"] {
                if !fields.value(key)?.is_nil() {
                    return Err(fields.wrong(key, "is for servers; a provider with a chat function has none"));
                }
            }
            let timeout = fields.seconds("timeout")?.unwrap_or(DEFAULT_TIMEOUT);
            ProviderKind::Lua { handler: state.keep(chat), timeout }
        }
        (Some(_), Some(_)) => return Err(fields.wrong("chat", "give either base_url or chat, not both")),
        (None, None) => {
            return Err(misuse(
                at,
                format!("{WHAT}: {name:?} needs base_url (a server) or chat (a function)"),
            ));
        }
    };
    let spec = ProviderSpec {
        name: name.clone(),
        kind,
        fallback: fields.texts("fallback")?,
        model: fields.text("model")?,
        context_window: fields.count("context_window")?,
        price: price(&fields)?,
        location: shown(at.as_ref()),
    };
    state.plan.borrow_mut().providers.insert(name, spec);
    Ok(())
}

fn server(fields: &Fields, base_url: String) -> Result<ProviderKind, ScriptError> {
    if !(base_url.starts_with("http://") || base_url.starts_with("https://")) {
        return Err(fields.wrong("base_url", "must begin with http:// or https://"));
    }
    if !fields.value("timeout")?.is_nil() {
        return Err(fields.wrong("timeout", "is for a provider with a chat function"));
    }
    let dialect = match fields.json("dialect", Secrets::Refused)? {
        None => crate::domain::JsonMap::new(),
        Some(Json::Object(map)) => map,
        Some(_) => return Err(fields.wrong("dialect", "expected a table with named keys")),
    };
    Ok(ProviderKind::OpenAi { base_url, api_key: fields.secret("api_key")?, dialect })
}

fn price(fields: &Fields) -> Result<Option<(f64, f64)>, ScriptError> {
    let Some(price) = fields.table("price", &["input", "output"])? else { return Ok(None) };
    match (price.number("input")?, price.number("output")?) {
        (Some(input), Some(output)) => Ok(Some((input, output))),
        _ => Err(fields.wrong("price", "give { input = …, output = … } in US dollars per million tokens")),
    }
}
