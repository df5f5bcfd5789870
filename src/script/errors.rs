//! What a script did wrong, as plain data.

use super::values::to_lua;
use crate::domain::primitives::{FailureKind, PrimitiveError};
use mlua::{AnyUserData, Error, MetaMethod, UserData, UserDataFields, UserDataMethods, Value};
use serde_json::Value as Json;
use std::fmt;

/// What Lua says when a function that waits is called where waiting is impossible.
const YIELD: &str = "attempt to yield";
const YIELD_HINT: &str = " (a function that waits can't be called from table.sort, a metamethod, or a coroutine of the script's own)";
const TRACEBACK: &str = "\nstack traceback:\n";

/// The kinds of [`ScriptError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is not Lua.
    Syntax,
    /// A call of the API with arguments that it doesn't take, or at the wrong time.
    Usage,
    /// The script raised an error.
    Runtime,
    /// The script was stopped at its deadline.
    Timeout,
    /// Whoever called the script no longer waits for it.
    Cancelled,
    /// The memory limit was reached.
    Memory,
    /// A file could not be read.
    Io,
    /// A function returned something that it shouldn't.
    Result,
    /// The script thread has not come back from a C function; the call was not made.
    Stuck,
    /// The script host has ended.
    Closed,
    /// The policy, the floor, or a rule about addresses said no.
    Denied,
    /// There is no such thing.
    NotFound,
    /// No model answered, or a turn ended without an answer.
    Model,
    /// A spec expects what does not hold.
    Expectation,
}

impl ErrorKind {
    /// The name, as `err.kind` in Lua.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Usage => "usage",
            Self::Runtime => "runtime",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Memory => "memory",
            Self::Io => "io",
            Self::Result => "result",
            Self::Stuck => "stuck",
            Self::Closed => "closed",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Model => "model",
            Self::Expectation => "expectation",
        }
    }
}

/// An error of a script, or of the host that runs it. Displays as `init.lua:12: message`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}{message}", Place(file.as_deref(), *line))]
pub struct ScriptError {
    /// What kind of error.
    pub kind: ErrorKind,
    /// What happened, without the place.
    pub message: String,
    /// The file, relative to the configuration's directory.
    pub file: Option<String>,
    /// The line in it, from 1.
    pub line: Option<u32>,
    /// The calls that led there, one a line, when known.
    pub traceback: Option<String>,
    /// What there is besides the message, such as the output of a command until it was stopped:
    /// `err.data` in Lua.
    pub data: Option<Box<Json>>,
}

impl From<PrimitiveError> for ScriptError {
    fn from(error: PrimitiveError) -> Self {
        let kind = match error.kind {
            FailureKind::Usage => ErrorKind::Usage,
            FailureKind::Denied => ErrorKind::Denied,
            FailureKind::NotFound => ErrorKind::NotFound,
            FailureKind::Timeout => ErrorKind::Timeout,
            FailureKind::Io => ErrorKind::Io,
            FailureKind::Model => ErrorKind::Model,
            FailureKind::Cancelled => ErrorKind::Cancelled,
        };
        Self::new(kind, error.message)
    }
}

struct Place<'a>(Option<&'a str>, Option<u32>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}: "),
            (Some(file), None) => write!(f, "{file}: "),
            _ => Ok(()),
        }
    }
}

impl ScriptError {
    /// An error without a place.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), file: None, line: None, traceback: None, data: None }
    }

    /// The same at a place.
    pub(super) fn at(mut self, file: impl Into<String>, line: Option<u32>) -> Self {
        self.file = Some(file.into());
        self.line = line;
        self
    }

    /// `file:line`, or an empty text.
    pub fn location(&self) -> String {
        let place = Place(self.file.as_deref(), self.line).to_string();
        place.trim_end_matches(": ").to_owned()
    }

    /// From a message as Lua words it: with its place in front, and perhaps a traceback behind.
    pub(super) fn parse(kind: ErrorKind, text: &str) -> Self {
        let (text, traceback) = match text.split_once(TRACEBACK) {
            Some((text, traceback)) => (text, Some(traceback.to_owned())),
            None => (text, None),
        };
        let (place, message) = split_place(text);
        let mut message = message.to_owned();
        if message.contains(YIELD) && !message.contains(YIELD_HINT) {
            message.push_str(YIELD_HINT);
        }
        let (file, line) = place.map_or((None, None), |(file, line)| (Some(file.to_owned()), Some(line)));
        Self { kind, message, file, line, traceback, data: None }
    }

    /// From whatever value a script raised.
    pub(super) fn from_value(value: &Value) -> Self {
        match value {
            Value::String(text) => {
                let text = text.to_string_lossy();
                let memory = text == "not enough memory";
                Self::parse(if memory { ErrorKind::Memory } else { ErrorKind::Runtime }, &text)
            }
            Value::Error(error) => Self::from_lua(error),
            Value::UserData(data) => Self::from_userdata(data),
            Value::Table(table) => match table.raw_get::<Option<String>>("message") {
                Ok(Some(message)) => Self::parse(ErrorKind::Runtime, &message),
                _ => Self::new(ErrorKind::Runtime, "the script raised a table without a message"),
            },
            other => Self::new(
                ErrorKind::Runtime,
                format!("the script raised a {} value as an error", other.type_name()),
            ),
        }
    }

    fn from_userdata(data: &AnyUserData) -> Self {
        match data.borrow::<Failure>() {
            Ok(failure) => failure.0.clone(),
            Err(_) => Self::new(ErrorKind::Runtime, "the script raised a userdata value as an error"),
        }
    }

    /// From an error of the binding.
    pub(super) fn from_lua(error: &Error) -> Self {
        match error {
            Error::SyntaxError { message, .. } => Self::parse(ErrorKind::Syntax, message),
            Error::RuntimeError(message) => Self::parse(ErrorKind::Runtime, message),
            Error::MemoryError(_) => Self::new(ErrorKind::Memory, "not enough memory"),
            Error::CallbackError { cause, traceback } => {
                let mut inner = Self::from_lua(cause);
                if inner.traceback.is_none() {
                    inner.traceback = Some(traceback.trim_start_matches("stack traceback:\n").to_owned());
                }
                inner
            }
            Error::ExternalError(external) => match external.downcast_ref::<Self>() {
                Some(error) => error.clone(),
                None => Self::parse(ErrorKind::Runtime, &external.to_string()),
            },
            other => Self::parse(ErrorKind::Runtime, &other.to_string()),
        }
    }
}

impl From<Error> for ScriptError {
    fn from(error: Error) -> Self {
        Self::from_lua(&error)
    }
}

/// Splits `file:12: message`.
fn split_place(text: &str) -> (Option<(&str, u32)>, &str) {
    let first = text.lines().next().unwrap_or_default();
    for (at, _) in first.match_indices(':') {
        let rest = &first[at + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0
            && rest[digits..].starts_with(": ")
            && let Ok(line) = rest[..digits].parse()
        {
            return (Some((&text[..at], line)), &text[at + 1 + digits + 2..]);
        }
    }
    (None, text)
}

/// A [`ScriptError`] as a value in Lua: `err.kind`, `err.message`, `tostring(err)`.
pub(super) struct Failure(pub(super) ScriptError);

impl UserData for Failure {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_field_method_get("kind", |_, this| Ok(this.0.kind.as_str()));
        fields.add_field_method_get("message", |_, this| Ok(this.0.message.clone()));
        fields.add_field_method_get("file", |_, this| Ok(this.0.file.clone()));
        fields.add_field_method_get("data", |lua, this| match &this.0.data {
            Some(data) => to_lua(lua, data),
            None => Ok(Value::Nil),
        });
        fields.add_field_method_get("line", |_, this| Ok(this.0.line));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::ToString, |_, this, ()| Ok(this.0.to_string()));
        methods.add_meta_function(MetaMethod::Concat, |lua, (a, b): (Value, Value)| {
            let text = |value: &Value| match value {
                Value::UserData(data) => Ok(Self::text(data)),
                other => lua.coerce_string(other.clone())?.map(|s| s.to_string_lossy()).ok_or_else(|| {
                    Error::runtime("attempt to concatenate an error with a value that has no text")
                }),
            };
            Ok(text(&a)? + &text(&b)?)
        });
    }
}

impl Failure {
    fn text(data: &AnyUserData) -> String {
        ScriptError::from_userdata(data).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_split_from_its_message() {
        let error = ScriptError::parse(ErrorKind::Runtime, "lib/x.lua:12: no: 3: it is");
        assert_eq!(
            (error.file.as_deref(), error.line, error.message.as_str()),
            (Some("lib/x.lua"), Some(12), "no: 3: it is")
        );
        assert_eq!(error.to_string(), "lib/x.lua:12: no: 3: it is");
        let bare = ScriptError::parse(ErrorKind::Runtime, "at 12:30 nothing happens");
        assert_eq!((bare.file.clone(), bare.to_string().as_str()), (None, "at 12:30 nothing happens"));
        let traced = ScriptError::parse(ErrorKind::Runtime, "a.lua:1: x\nstack traceback:\n\t[C]: in f");
        assert_eq!((traced.message.as_str(), traced.traceback.as_deref()), ("x", Some("\t[C]: in f")));
    }
}
