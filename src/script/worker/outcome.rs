//! How a program ended, in words that help a model to mend it.

use super::{
    super::{
        call::seconds,
        errors::{ErrorKind, ScriptError},
        pretty::pretty,
        values::{Secrets, to_json_within},
    },
    BOUNDS,
};
use crate::{
    domain::cut,
    sandbox::lua::{Done, MAX_RETURNED},
};
use mlua::{Lua, MultiValue, Value};
use std::time::Duration;

/// The longest line of the program that is repeated, in characters.
const MAX_LINE: usize = 160;
/// The longest message of an error that is repeated, in characters.
const MAX_MESSAGE: usize = 4_000;

/// The end of a program that raised an error, or is none.
pub(super) fn failed(error: ScriptError, code: &str) -> Done {
    let mut text = cut::middle(&error.to_string(), MAX_MESSAGE);
    if error.file.as_deref() == Some("code")
        && let Some(line) = error.line
        && let Some(source) = code.lines().nth((line as usize).saturating_sub(1))
    {
        text += &format!("\n{line} | {}", cut::middle(source.trim_end(), MAX_LINE));
    }
    Done { error: Some(text), ..Done::default() }
}

/// The end of a program whose time was over; `error` says where that was.
pub(super) fn stopped(error: Option<ScriptError>, limit: Duration, code: &str) -> Done {
    let message = format!("stopped after {}; waiting for tools did not count", seconds(limit));
    let stopped = ScriptError::new(ErrorKind::Timeout, message);
    let stopped = match error {
        Some(ScriptError { file, line, .. }) => ScriptError { file, line, ..stopped },
        None => stopped,
    };
    Done { timed_out: true, ..failed(stopped, code) }
}

/// What the program returned: texts as they are, tables as JSON where they can be, else like Lua.
/// Runs no Lua.
pub(super) fn returned(lua: &Lua, values: &MultiValue) -> Option<String> {
    if values.is_empty() {
        return None;
    }
    let shown: Vec<_> = values.iter().map(|value| shown(lua, value)).collect();
    Some(cut::middle(&shown.join("\n"), MAX_RETURNED))
}

fn shown(lua: &Lua, value: &Value) -> String {
    let json = match value {
        Value::String(text) => return cut::middle(&text.to_string_lossy(), MAX_RETURNED),
        Value::Table(_) => to_json_within(lua, value, "value", Secrets::Refused, BOUNDS).ok(),
        _ => None,
    };
    match json {
        Some(json) => cut::middle(&json.to_string(), MAX_RETURNED),
        None => pretty(lua, value).unwrap_or_else(|error| format!("a value that can't be shown: {error}")),
    }
}
