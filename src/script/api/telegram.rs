//! What `pista.channel` takes for a bot on Telegram.

use super::super::{errors::ScriptError, fields::Fields};
use crate::domain::plan::{ChannelKind, TelegramSpec};
use mlua::Value;
use std::time::Duration;

/// The kind's name; a channel of this name is of this kind.
pub(super) const KIND: &str = "telegram";
/// The keys besides those that all channels have.
pub(super) const KEYS: &[&str] = &["token", "api", "stream", "typing", "inbox", "pairing", "gather"];
/// Where files go that are sent to the bot.
const INBOX: &str = "inbox";
/// How long somebody has to be quiet until what they said is taken for one message.
const GATHER: Duration = Duration::from_millis(1_500);
/// The longest such time, in seconds.
const MAX_GATHER: f64 = 10.0;

pub(super) fn kind(fields: &Fields<'_>) -> Result<ChannelKind, ScriptError> {
    let token = fields.secret("token")?.ok_or_else(|| fields.missing("token"))?;
    Ok(ChannelKind::Telegram(TelegramSpec {
        token,
        api: api(fields)?,
        stream: flag(fields, "stream", false)?,
        typing: flag(fields, "typing", true)?,
        inbox: inbox(fields)?,
        pairing: flag(fields, "pairing", false)?,
        gather: gather(fields)?,
    }))
}

fn gather(fields: &Fields<'_>) -> Result<Duration, ScriptError> {
    if matches!(fields.value("gather")?, Value::Boolean(false)) {
        return Ok(Duration::ZERO);
    }
    match fields.number("gather")? {
        None => Ok(GATHER),
        Some(seconds) if seconds <= MAX_GATHER => Ok(Duration::from_secs_f64(seconds)),
        Some(_) => {
            Err(fields.wrong("gather", format!("must be seconds, at most {MAX_GATHER}; 0 turns it off")))
        }
    }
}

fn api(fields: &Fields<'_>) -> Result<Option<String>, ScriptError> {
    let Some(api) = fields.text("api")? else { return Ok(None) };
    let rest = api.strip_prefix("https://").or_else(|| api.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(['?', '#', '@', ' ']) => {
            Ok(Some(api.trim_end_matches('/').to_owned()))
        }
        _ => Err(fields.wrong("api", "must be the address of a server, such as https://api.telegram.org")),
    }
}

fn inbox(fields: &Fields<'_>) -> Result<Option<String>, ScriptError> {
    let inbox = match fields.value("inbox")? {
        Value::Boolean(false) => return Ok(None),
        Value::Nil => INBOX.to_owned(),
        _ => fields.required("inbox")?,
    };
    if inbox.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(fields.wrong("inbox", "must be a directory within the workspace, such as \"inbox\""));
    }
    Ok(Some(inbox))
}

fn flag(fields: &Fields<'_>, key: &str, default: bool) -> Result<bool, ScriptError> {
    match fields.value(key)? {
        Value::Nil => Ok(default),
        Value::Boolean(flag) => Ok(flag),
        _ => Err(fields.wrong(key, "expected true or false")),
    }
}
