//! Reading the arguments of functions that act.

use super::super::{
    errors::ScriptError,
    fields::{Fields, article},
    state::{caller, misuse},
};
use crate::domain::primitives::PrimitiveError;
use mlua::{Lua, Value};

/// A text, exactly. `which` names it in a sentence: `the key`.
pub(super) fn text(lua: &Lua, what: &str, which: &str, value: &Value) -> Result<String, ScriptError> {
    let fail = |message: String| misuse(caller(lua), format!("{what}: {which} {message}"));
    match value {
        Value::String(text) => match text.to_str() {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(fail("is not valid UTF-8".into())),
        },
        other => Err(fail(format!("is a string, not {}", article(other)))),
    }
}

/// A text that may be left out.
pub(super) fn optional(
    lua: &Lua,
    what: &str,
    which: &str,
    value: &Value,
) -> Result<Option<String>, ScriptError> {
    if value.is_nil() { Ok(None) } else { text(lua, what, which, value).map(Some) }
}

/// The table of options; an empty one when it is left out.
pub(super) fn options<'a>(
    lua: &'a Lua,
    what: &str,
    value: &Value,
    known: &[&str],
) -> Result<Fields<'a>, ScriptError> {
    let none;
    let value = match value {
        Value::Nil => {
            none = Value::Table(lua.create_table()?);
            &none
        }
        value => value,
    };
    Fields::open(lua, caller(lua), what, value, known)
}

/// An error of a port, with the name of the function that met it.
pub(super) fn named(what: &'static str) -> impl Fn(PrimitiveError) -> ScriptError {
    move |mut error| {
        error.message = format!("{what}: {}", error.message);
        error.into()
    }
}

/// How many of something are wanted.
pub(super) fn limit(fields: &Fields, default: usize, most: usize) -> Result<usize, ScriptError> {
    match fields.count::<u32>("limit")? {
        None => Ok(default),
        Some(n) if n as usize <= most => Ok(n as usize),
        Some(_) => Err(fields.wrong("limit", format!("at most {most}"))),
    }
}
