//! `pista.sandbox(name, {…})`: a profile of containers.

use super::{
    super::{
        errors::ScriptError,
        fields::{Fields, article},
        state::State,
    },
    Api, declaring, name, shown, twice,
};
use crate::domain::sandbox::{ProfileMount, SandboxProfile, WorkspaceAccess};
use mlua::{Lua, Value};
use std::collections::BTreeMap;

const WHAT: &str = "pista.sandbox";
const KEYS: &[&str] = &[
    "image",
    "memory",
    "cpus",
    "pids",
    "network",
    "workspace",
    "mounts",
    "user",
    "env",
    "timeout",
    "fallback",
];
/// The least memory that a profile can have: an engine refuses less than 6 MiB.
const MIN_MEMORY: u64 = 6 << 20;

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("sandbox", sandbox)
}

fn sandbox(lua: &Lua, (given, options): (Value, Value)) -> Result<(), ScriptError> {
    let at = declaring(lua, WHAT)?;
    let name = name(at.as_ref(), WHAT, &given)?;
    let state = State::of(lua);
    if let Some(first) = state.plan.borrow().sandboxes.get(&name) {
        return Err(twice(at, WHAT, &name, &first.location));
    }
    let fields = Fields::open(lua, at.clone(), WHAT, &options, KEYS)?;
    let fallback = match fields.text("fallback")?.as_deref() {
        None | Some("none") => false,
        Some("process") => true,
        Some(other) => {
            return Err(fields.wrong("fallback", format!("{other:?} is neither \"process\" nor \"none\"")));
        }
    };
    let workspace = match fields.value("workspace")? {
        Value::Nil | Value::Boolean(true) => WorkspaceAccess::Read,
        Value::Boolean(false) => WorkspaceAccess::None,
        Value::String(text) if text == "read" => WorkspaceAccess::Read,
        Value::String(text) if text == "write" => WorkspaceAccess::Write,
        other => {
            let message = format!("expected \"read\", \"write\" or false, got {}", article(&other));
            return Err(fields.wrong("workspace", message));
        }
    };
    let image = fields.text("image")?;
    if image
        .as_deref()
        .is_some_and(|image| image.trim() != image || image.is_empty() || image.starts_with('-'))
    {
        return Err(fields.wrong("image", "is no name of an image"));
    }
    let profile = SandboxProfile {
        name: name.clone(),
        image,
        memory_bytes: memory(&fields)?,
        cpus: fields.number("cpus")?.filter(|cpus| *cpus > 0.0),
        pids: fields.count("pids")?,
        network: flag(&fields, "network")?,
        workspace,
        mounts: mounts(&fields)?,
        user: user(&fields)?,
        env: env(&fields)?,
        timeout: fields.seconds("timeout")?,
        fallback,
        location: shown(at.as_ref()),
    };
    state.plan.borrow_mut().sandboxes.insert(name, profile);
    Ok(())
}

fn flag(fields: &Fields, key: &str) -> Result<bool, ScriptError> {
    match fields.value(key)? {
        Value::Nil => Ok(false),
        Value::Boolean(flag) => Ok(flag),
        other => Err(fields.wrong(key, format!("expected true or false, got {}", article(&other)))),
    }
}

/// Bytes, or a text such as `512m` or `2g`.
fn memory(fields: &Fields) -> Result<Option<u64>, ScriptError> {
    let bytes = match fields.value("memory")? {
        Value::Nil => return Ok(None),
        Value::Integer(bytes) => u64::try_from(bytes).ok(),
        Value::String(text) => {
            let text = text.to_string_lossy().to_ascii_lowercase();
            let text = text.trim_end_matches('b').trim_end_matches('i');
            let (digits, shift) = match text.as_bytes().last() {
                Some(b'k') => (&text[..text.len() - 1], 10),
                Some(b'm') => (&text[..text.len() - 1], 20),
                Some(b'g') => (&text[..text.len() - 1], 30),
                _ => (text, 0),
            };
            digits.trim().parse::<u64>().ok().and_then(|n| n.checked_mul(1 << shift))
        }
        _ => None,
    };
    match bytes {
        Some(bytes) if bytes >= MIN_MEMORY => Ok(Some(bytes)),
        _ => Err(fields.wrong("memory", "expected bytes or a size such as \"512m\", from 6m up")),
    }
}

fn user(fields: &Fields) -> Result<Option<String>, ScriptError> {
    let user = fields.text("user")?;
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match user {
        Some(user) if !user.splitn(2, ':').all(number) => {
            Err(fields.wrong("user", "expected numbers: \"uid\" or \"uid:gid\""))
        }
        user => Ok(user),
    }
}

fn env(fields: &Fields) -> Result<BTreeMap<String, String>, ScriptError> {
    let mut env = BTreeMap::new();
    match fields.value("env")? {
        Value::Nil => {}
        Value::Table(table) => {
            for pair in table.pairs::<Value, Value>() {
                match pair? {
                    (Value::String(name), Value::String(value)) => {
                        env.insert(name.to_string_lossy(), value.to_string_lossy());
                    }
                    (_, Value::UserData(_)) => {
                        return Err(fields.wrong(
                            "env",
                            "secrets don't go into containers: anybody could read them there",
                        ));
                    }
                    _ => return Err(fields.wrong("env", "expected names with texts")),
                }
            }
        }
        other => return Err(fields.wrong("env", format!("expected a table, got {}", article(&other)))),
    }
    Ok(env)
}

/// `{ { "~/data", "/data" }, { "~/out", "/out", write = true } }`.
fn mounts(fields: &Fields) -> Result<Vec<ProfileMount>, ScriptError> {
    const FORM: &str = "a mount is { \"~/data\", \"/data\" }, with write = true where it may be changed";
    let mut mounts = vec![];
    for item in fields.list("mounts")? {
        let Value::Table(table) = &item else { return Err(fields.wrong("mounts", FORM)) };
        let (mut host, mut guest, mut writable) = (None, None, false);
        for pair in table.pairs::<Value, Value>() {
            match pair? {
                (Value::Integer(1), Value::String(text)) => host = Some(text.to_string_lossy()),
                (Value::Integer(2), Value::String(text)) => guest = Some(text.to_string_lossy()),
                (Value::String(key), Value::Boolean(flag)) if key == "write" => writable = flag,
                _ => return Err(fields.wrong("mounts", FORM)),
            }
        }
        match (host, guest) {
            (Some(host), Some(guest)) if guest.starts_with('/') && guest != "/" && !guest.contains("..") => {
                mounts.push(ProfileMount { host: host.into(), guest, writable });
            }
            _ => return Err(fields.wrong("mounts", FORM)),
        }
    }
    Ok(mounts)
}
