//! Reading JSON whose keys are known: mistakes are told with where they stand.

use crate::domain::nearest::nearest;
use serde_json::{Map, Value};
use std::fmt;

/// A place in a document: `turns[2].steps[1].response`.
#[derive(Clone)]
pub(super) struct At(String);

impl At {
    pub(super) fn root() -> Self {
        Self(String::new())
    }

    pub(super) fn key(&self, key: &str) -> Self {
        Self(if self.0.is_empty() { key.to_owned() } else { format!("{}.{key}", self.0) })
    }

    /// The object that is there, which has no other keys than these.
    pub(super) fn object<'v>(
        &self,
        value: &'v Value,
        known: &[&str],
    ) -> Result<&'v Map<String, Value>, String> {
        let Value::Object(map) = value else {
            return Err(format!("{}expected an object", self.before()));
        };
        if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
            let hint = match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("there is {}", known.join(", ")),
            };
            return Err(format!("{}unknown key {key:?} ({hint})", self.before()));
        }
        Ok(map)
    }

    pub(super) fn missing(&self, key: &str) -> String {
        format!("{}{key} is missing", self.before())
    }

    fn before(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!("{}: ", self.0) }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The items of a list, each with its place, counted from 1.
pub(super) fn list<'v>(at: &At, value: &'v Value) -> Result<impl Iterator<Item = (At, &'v Value)>, String> {
    let Value::Array(items) = value else { return Err(format!("{at}: expected a list")) };
    let at = at.0.clone();
    Ok(items.iter().enumerate().map(move |(index, item)| (At(format!("{at}[{}]", index + 1)), item)))
}

/// A text.
pub(super) fn text(at: &At, value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{at}: expected a text, got {value}"))
}
