//! Reading JSON whose keys are known: mistakes are told with where they stand.

use crate::domain::nearest::nearest;
use serde_json::{Map, Value};
use std::{cell::RefCell, fmt, rc::Rc};

/// A place in a document: `turns[2].steps[1].response`.
#[derive(Clone)]
pub(super) struct At {
    place: String,
    /// What is passed over in the whole document.
    notes: Notes,
}

/// What a reader should know of a document.
pub(super) type Notes = Rc<RefCell<Vec<String>>>;

impl At {
    /// The document itself; `place` is where it stands in a file of several.
    pub(super) fn document(place: &str) -> Self {
        Self { place: place.to_owned(), notes: Notes::default() }
    }

    pub(super) fn key(&self, key: &str) -> Self {
        let place = if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) };
        Self { place, notes: Rc::clone(&self.notes) }
    }

    fn item(&self, index: usize) -> Self {
        Self { place: format!("{}[{}]", self.place, index + 1), notes: Rc::clone(&self.notes) }
    }

    /// What is passed over, so far.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    /// Notes that what is here is passed over.
    pub(super) fn pass_over(&self, why: &str) {
        self.notes.borrow_mut().push(format!("{self} is passed over: {why}"));
    }

    /// The object that is there. Of keys that are none of these, one that is nearly so is a mistake; others
    /// are passed over, and those that begin with `_` are comments.
    pub(super) fn object<'v>(
        &self,
        value: &'v Value,
        known: &[&str],
    ) -> Result<&'v Map<String, Value>, String> {
        let map = self.map(value)?;
        let strange = map.keys().filter(|key| !known.contains(&key.as_str()) && !key.starts_with('_'));
        for key in strange {
            if let Some(near) = nearest(key, known.iter().copied()) {
                return Err(format!("{}unknown key {key:?} (did you mean {near:?}?)", self.before()));
            }
            self.key(key).pass_over("this key is not known here");
        }
        Ok(map)
    }

    /// The same, where a key that is not known is a mistake in any case: something would not be checked.
    pub(super) fn strict_object<'v>(
        &self,
        value: &'v Value,
        known: &[&str],
    ) -> Result<&'v Map<String, Value>, String> {
        let map = self.map(value)?;
        let strange = |key: &&String| !known.contains(&key.as_str()) && !key.starts_with('_');
        if let Some(key) = map.keys().find(strange) {
            let hint = match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("there is {}", known.join(", ")),
            };
            return Err(format!("{}unknown key {key:?} ({hint})", self.before()));
        }
        Ok(map)
    }

    fn map<'v>(&self, value: &'v Value) -> Result<&'v Map<String, Value>, String> {
        value.as_object().ok_or_else(|| format!("{}expected an object", self.before()))
    }

    pub(super) fn missing(&self, key: &str) -> String {
        format!("{}{key} is missing", self.before())
    }

    fn before(&self) -> String {
        if self.place.is_empty() { String::new() } else { format!("{}: ", self.place) }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

/// The items of a list, each with its place, counted from 1.
pub(super) fn list<'v>(at: &At, value: &'v Value) -> Result<impl Iterator<Item = (At, &'v Value)>, String> {
    let Value::Array(items) = value else { return Err(format!("{at}: expected a list")) };
    let at = at.clone();
    Ok(items.iter().enumerate().map(move |(index, item)| (at.item(index), item)))
}

/// A text.
pub(super) fn text(at: &At, value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{at}: expected a text, got {value}"))
}
