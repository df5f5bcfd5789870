//! `pista.channel(name, { kind = "http", … })`: a channel for programs.

use super::{
    super::{
        errors::ScriptError,
        fields::Fields,
        state::{Place, misuse},
    },
    agent::rules,
    channel::{owners, rates, users},
    shown,
};
use crate::domain::plan::{CALLER, ChannelKind, ChannelSpec, HttpSpec, Steer};
use mlua::{Lua, Value};
use std::net::SocketAddr;

const WHAT: &str = "pista.channel";
pub(super) const KIND: &str = "http";
/// Where it listens that doesn't say.
const LISTEN: &str = "127.0.0.1:8787";

/// The declaration, if it is one of this kind.
pub(super) fn read(
    lua: &Lua,
    at: Option<&Place>,
    name: &str,
    options: &Value,
) -> Result<Option<ChannelSpec>, ScriptError> {
    let Value::Table(table) = options else { return Ok(None) };
    match table.raw_get("kind")? {
        Value::String(kind) if kind == KIND => {}
        _ => return Ok(None),
    }
    let known =
        ["kind", "listen", "token", "users", "owners", "agent", "tools", "rates", "callback", "signing"];
    let fields = Fields::open(lua, at.cloned(), WHAT, options, &known)?;
    let listen = listen(&fields)?;
    let token = match fields.value("token")? {
        Value::Boolean(false) if !listen.ip().is_loopback() => {
            let message = format!("{listen} can be reached from other machines: there, a token is needed");
            return Err(fields.wrong("token", message));
        }
        Value::Boolean(false) => None,
        Value::Nil => {
            let message = format!(
                "{WHAT}: token is missing: say where it is kept, as pista.secret(\"env:HOOK_TOKEN\"), or \
                 token = false to let in every program of this machine"
            );
            return Err(misuse(at.cloned(), message));
        }
        _ => fields.secret("token")?,
    };
    let mut users = users(&fields)?;
    if users.is_empty() && fields.value("users")?.is_nil() {
        users.push(CALLER.to_owned());
    }
    let owners = owners(&fields)?;
    if token.is_none() && owners.as_ref().is_some_and(|owners| !owners.is_empty()) {
        let message = "without a token every program of this machine can say that it speaks for an owner: give \
                       the channel a token";
        return Err(fields.wrong("owners", message));
    }
    let callback = fields.text("callback")?;
    if callback.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
        return Err(fields.wrong("callback", "must be a URL that begins with http:// or https://"));
    }
    let signing = fields.secret("signing")?;
    if callback.is_some() && signing.is_none() && token.is_none() {
        return Err(fields.wrong("callback", "messages are signed: give a token, or a secret as signing"));
    }
    Ok(Some(ChannelSpec {
        name: name.to_owned(),
        kind: ChannelKind::Http(HttpSpec { listen, token, callback, signing }),
        users,
        owners,
        agent: fields.text("agent")?,
        // Each program waits for the answer to its own message.
        steer: Steer::Wait,
        rules: rules(&fields)?,
        rates: rates(&fields)?,
        location: shown(at),
    }))
}

fn listen(fields: &Fields) -> Result<SocketAddr, ScriptError> {
    let text = fields.text("listen")?.unwrap_or_else(|| LISTEN.into());
    text.parse().map_err(|_| {
        fields.wrong(
            "listen",
            format!("{text:?} is no address with a port, such as {LISTEN:?} or \"[::1]:8787\""),
        )
    })
}
