//! Reading the tables that declarations take: every key known, every type checked, and errors at
//! the line of the key.

use super::{
    api::secret::SecretHandle,
    errors::ScriptError,
    state::{Place, State, misuse},
    values::{Secrets, to_json},
};
use crate::domain::{nearest::suggestion, secret::SecretRef};
use mlua::{Function, Lua, Table, Value};
use serde_json::Value as Json;
use std::{rc::Rc, time::Duration};

/// The longest time that can be asked for anywhere.
const MAX_SECONDS: f64 = 86_400.0;

/// A table given to a function of the API.
pub(super) struct Fields<'a> {
    lua: &'a Lua,
    state: Rc<State>,
    /// What it was given to, for messages: `pista.agent`, `pista.agent: budget`.
    what: String,
    table: Table,
    /// Where the call began.
    at: Option<Place>,
}

impl<'a> Fields<'a> {
    /// Opens `value`, which has to be a table with no other keys than `known`.
    pub(super) fn open(
        lua: &'a Lua,
        at: Option<Place>,
        what: &str,
        value: &Value,
        known: &[&str],
    ) -> Result<Self, ScriptError> {
        let Value::Table(table) = value else {
            return Err(misuse(at, format!("{what}: expected a table, got {}", article(value))));
        };
        let fields = Self { lua, state: State::of(lua), what: what.to_owned(), table: table.clone(), at };
        fields.check_keys(known)?;
        Ok(fields)
    }

    fn check_keys(&self, known: &[&str]) -> Result<(), ScriptError> {
        for pair in self.table.pairs::<Value, Value>() {
            let (key, _) = pair?;
            let Value::String(key) = &key else {
                let shown = key.as_integer().map_or_else(|| article(&key), |n| n.to_string());
                return Err(misuse(
                    self.at.clone(),
                    format!("{}: unexpected entry [{shown}]; {}", self.what, listed(known)),
                ));
            };
            let key = key.to_string_lossy();
            if !known.contains(&key.as_str()) {
                let hint = suggestion(&key, known.iter().copied());
                return Err(misuse(self.place(&key), format!("{}: unknown key {key:?} ({hint})", self.what)));
            }
        }
        Ok(())
    }

    /// The place of a key.
    pub(super) fn place(&self, key: &str) -> Option<Place> {
        self.at.as_ref().map(|at| self.state.sources.borrow().locate(at, key))
    }

    /// The place of a word within the value of a key.
    pub(super) fn place_within(&self, key: &str, word: &str) -> Option<Place> {
        self.place(key).map(|at| self.state.sources.borrow().locate(&at, word))
    }

    /// An error about the value of `key`.
    pub(super) fn wrong(&self, key: &str, message: impl AsRef<str>) -> ScriptError {
        misuse(self.place(key), format!("{}: {key}: {}", self.what, message.as_ref()))
    }

    fn expected(&self, key: &str, kind: &str, value: &Value) -> ScriptError {
        self.wrong(key, format!("expected {kind}, got {}", article(value)))
    }

    /// The value of a key; nil when absent.
    pub(super) fn value(&self, key: &str) -> Result<Value, ScriptError> {
        Ok(self.table.raw_get(key)?)
    }

    /// Every key with its value, sorted.
    pub(super) fn entries(&self) -> Result<Vec<(String, Value)>, ScriptError> {
        let mut entries = Vec::new();
        for pair in self.table.pairs::<String, Value>() {
            entries.push(pair?);
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(entries)
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, ScriptError> {
        match self.value(key)? {
            Value::Nil => Ok(None),
            Value::String(text) => match text.to_str() {
                Ok(text) => Ok(Some(text.to_owned())),
                Err(_) => Err(self.wrong(key, "not valid UTF-8")),
            },
            other => Err(self.expected(key, "a string", &other)),
        }
    }

    /// A text that must be there.
    pub(super) fn required(&self, key: &str) -> Result<String, ScriptError> {
        match self.text(key)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            Some(_) => Err(self.wrong(key, "must not be empty")),
            None => Err(self.missing(key)),
        }
    }

    /// The error that a key is missing.
    pub(super) fn missing(&self, key: &str) -> ScriptError {
        misuse(self.at.clone(), format!("{}: {key} is missing", self.what))
    }

    /// A function.
    pub(super) fn function(&self, key: &str) -> Result<Option<Function>, ScriptError> {
        match self.value(key)? {
            Value::Nil => Ok(None),
            Value::Function(function) => Ok(Some(function)),
            other => Err(self.expected(key, "a function", &other)),
        }
    }

    /// A number, not negative.
    pub(super) fn number(&self, key: &str) -> Result<Option<f64>, ScriptError> {
        match self.value(key)? {
            Value::Nil => Ok(None),
            Value::Integer(n) if n >= 0 => Ok(Some(n as f64)),
            Value::Number(n) if n.is_finite() && n >= 0.0 => Ok(Some(n)),
            Value::Integer(_) | Value::Number(_) => Err(self.wrong(key, "must be a number from 0 up")),
            other => Err(self.expected(key, "a number", &other)),
        }
    }

    /// An integer.
    pub(super) fn integer(&self, key: &str) -> Result<Option<i64>, ScriptError> {
        match self.value(key)? {
            Value::Nil => Ok(None),
            Value::Integer(n) => Ok(Some(n)),
            Value::Number(n) if n.fract() == 0.0 && n.abs() < 1e15 => Ok(Some(n as i64)),
            Value::Number(_) => Err(self.wrong(key, "must be a whole number")),
            other => Err(self.expected(key, "a whole number", &other)),
        }
    }

    /// A whole number from 1 up.
    pub(super) fn count<T: TryFrom<i64>>(&self, key: &str) -> Result<Option<T>, ScriptError> {
        let Some(n) = self.integer(key)? else { return Ok(None) };
        match T::try_from(n) {
            Ok(count) if n > 0 => Ok(Some(count)),
            _ => Err(self.wrong(key, "must be a whole number from 1 up")),
        }
    }

    /// A time in seconds.
    pub(super) fn seconds(&self, key: &str) -> Result<Option<Duration>, ScriptError> {
        match self.number(key)? {
            None => Ok(None),
            Some(n) if n > 0.0 && n <= MAX_SECONDS => Ok(Some(Duration::from_secs_f64(n))),
            Some(_) => {
                Err(self.wrong(key, format!("must be seconds, more than 0 and at most {MAX_SECONDS}")))
            }
        }
    }

    /// A table with named keys.
    pub(super) fn table(&self, key: &str, known: &[&str]) -> Result<Option<Self>, ScriptError> {
        match self.value(key)? {
            Value::Nil => Ok(None),
            value @ Value::Table(_) => {
                let what = format!("{}: {key}", self.what);
                Self::open(self.lua, self.place(key), &what, &value, known).map(Some)
            }
            other => Err(self.expected(key, "a table", &other)),
        }
    }

    /// The items of a list; empty when absent.
    pub(super) fn list(&self, key: &str) -> Result<Vec<Value>, ScriptError> {
        let table = match self.value(key)? {
            Value::Nil => return Ok(Vec::new()),
            Value::Table(table) => table,
            other => return Err(self.expected(key, "a list", &other)),
        };
        let mut items = Vec::new();
        for item in table.sequence_values::<Value>() {
            items.push(item?);
        }
        let mut keys = 0;
        table.for_each(|_: Value, _: Value| {
            keys += 1;
            Ok(())
        })?;
        if keys != items.len() {
            return Err(self.wrong(key, "expected a plain list { a, b, … }"));
        }
        Ok(items)
    }

    /// A list of texts; empty when absent.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, ScriptError> {
        self.list(key)?
            .into_iter()
            .map(|item| match &item {
                Value::String(text) => Ok(text.to_string_lossy()),
                other => Err(self.wrong(key, format!("expected strings, got {}", article(other)))),
            })
            .collect()
    }

    /// Plain data.
    pub(super) fn json(&self, key: &str, secrets: Secrets) -> Result<Option<Json>, ScriptError> {
        match self.value(key)? {
            Value::Nil => Ok(None),
            value => match to_json(self.lua, &value, key, secrets) {
                Ok(json) => Ok(Some(json)),
                Err(reason) => Err(misuse(self.place(key), format!("{}: {reason}", self.what))),
            },
        }
    }

    /// A secret: a handle made by `pista.secret`.
    pub(super) fn secret(&self, key: &str) -> Result<Option<SecretRef>, ScriptError> {
        match self.value(key)? {
            Value::Nil => Ok(None),
            Value::UserData(data) if data.is::<SecretHandle>() => {
                Ok(Some(data.borrow::<SecretHandle>()?.0.clone()))
            }
            // What was given instead may be the secret itself: it is not repeated.
            _ => {
                Err(self.wrong(key, "give a secret by where it is kept, such as pista.secret(\"env:NAME\")"))
            }
        }
    }
}

/// A value's type for a sentence.
pub(super) fn article(value: &Value) -> String {
    match value {
        Value::Nil => "nil".into(),
        Value::Integer(_) | Value::Number(_) => "a number".into(),
        Value::UserData(data) if data.is::<SecretHandle>() => "a secret".into(),
        other => format!("a {}", other.type_name()),
    }
}

fn listed(known: &[&str]) -> String {
    format!("the keys are {}", known.join(", "))
}
