//! Putting tool calls together out of their pieces.

use super::{
    halves::{self, Halves, whole_value},
    lenient,
    scan::JsonScan,
};
use crate::{
    domain::{JsonMap, call::ToolCall},
    llm::names::Names,
};
use serde_json::Value;

/// How much of what a model sent instead of arguments is kept, in characters.
const MAX_INVALID: usize = 500;

/// The most calls of one answer. A model that asks for more has lost its way, and all would run at once.
pub(super) const MAX_CALLS: usize = 128;

/// The longest name and the longest id that are kept, in characters. No tool has such a name, and no
/// server needs such an id back.
const MAX_NAME: usize = 256;

/// The calls of one answer.
#[derive(Debug, Default)]
pub(super) struct Calls {
    slots: Vec<Slot>,
    too_many: bool,
}

/// One call, as far as it arrived.
#[derive(Debug, Default)]
struct Slot {
    index: Option<i64>,
    id: String,
    name: String,
    text: String,
    halves: Halves,
    scan: JsonScan,
    extras: JsonMap,
}

impl Slot {
    fn is_complete(&mut self) -> bool {
        self.scan.end(&self.text).is_some()
    }
}

/// What one piece says.
struct Piece<'a> {
    index: Option<i64>,
    id: &'a str,
    name: &'a str,
    text: String,
    /// The arguments are an object, so they are whole.
    whole: bool,
}

impl Calls {
    /// Whether there are more than [`MAX_CALLS`]; what goes beyond is not kept.
    pub(super) fn too_many(&self) -> bool {
        self.too_many
    }

    /// The characters of all names and arguments, for estimates.
    pub(super) fn written(&self) -> String {
        self.slots.iter().flat_map(|slot| [slot.name.as_str(), slot.text.as_str()]).collect()
    }

    /// Takes one element of `tool_calls`, or a `function_call`.
    pub(super) fn take(&mut self, value: &Value) {
        let function = value.get("function").unwrap_or(value);
        let arguments = function.get("arguments").or(value.get("arguments"));
        let (text, whole) = match arguments {
            Some(Value::String(text)) => (text.clone(), false),
            None | Some(Value::Null) => (String::new(), false),
            Some(other) => (other.to_string(), true),
        };
        let piece = Piece {
            index: value.get("index").and_then(Value::as_i64),
            id: value.get("id").and_then(Value::as_str).unwrap_or_default(),
            name: start(function.get("name").and_then(Value::as_str).unwrap_or_default().trim()),
            text,
            whole,
        };
        let at = self.place(&piece);
        let slot = &mut self.slots[at];
        if slot.id.is_empty() {
            slot.id = halves::whole(piece.id).into_owned();
        }
        // Never joined: servers that say the name again say all of it.
        if slot.name.is_empty() {
            slot.name = halves::whole(piece.name).into_owned();
        }
        for (key, value) in value.as_object().into_iter().flatten() {
            if !["index", "id", "type", "function", "name", "arguments"].contains(&key.as_str())
                && !value.is_null()
            {
                slot.extras.insert(key.clone(), whole_value(value));
            }
        }
        self.append(at, &piece.text);
    }

    /// The slot that a piece belongs to: by index, else by id, else a new one if the piece has a
    /// name, else the last.
    fn place(&mut self, piece: &Piece<'_>) -> usize {
        let last = self.slots.len().checked_sub(1);
        let found = match (piece.index, piece.id) {
            (Some(index), _) => self.slots.iter().rposition(|slot| slot.index == Some(index)),
            (None, "") if piece.name.is_empty() => last,
            // The name said again in the midst of the arguments.
            (None, "") => last.filter(|&at| {
                let slot = &mut self.slots[at];
                slot.name == piece.name && !slot.text.is_empty() && !slot.is_complete()
            }),
            (None, id) => match self.slots.iter().rposition(|slot| slot.id == id) {
                None if piece.name.is_empty() => last,
                found => found,
            },
        };
        match found {
            Some(at) if !self.begins_another(at, piece) => at,
            _ if self.slots.len() >= MAX_CALLS => {
                self.too_many = true;
                MAX_CALLS - 1
            }
            found => {
                // Another call without a name of its own is one to the same tool.
                let name = found.filter(|_| piece.name.is_empty()).map(|at| self.slots[at].name.clone());
                let name = name.unwrap_or_default();
                self.slots.push(Slot { index: piece.index, name, ..Slot::default() });
                self.slots.len() - 1
            }
        }
    }

    /// Whether a piece for the place of a call is in truth the beginning of another.
    fn begins_another(&mut self, at: usize, piece: &Piece<'_>) -> bool {
        let slot = &mut self.slots[at];
        let other_id = !piece.id.is_empty() && !slot.id.is_empty() && piece.id != slot.id;
        let other_name = !piece.name.is_empty() && !slot.name.is_empty() && piece.name != slot.name;
        let new_value = slot.is_complete() && piece.text.trim_start().starts_with('{');
        let second_object = piece.whole && !slot.text.is_empty();
        other_name
            || new_value
            || second_object
            || (other_id && (!piece.name.is_empty() || slot.is_complete()))
    }

    /// Adds argument text; what follows a complete object is another call to the same tool.
    fn append(&mut self, mut at: usize, text: &str) {
        let slot = &mut self.slots[at];
        let text = slot.halves.join(text);
        slot.text.push_str(&text);
        loop {
            let full = self.slots.len() >= MAX_CALLS;
            let slot = &mut self.slots[at];
            let Some(end) = slot.scan.end(&slot.text) else {
                return;
            };
            let behind = slot.text[end..].trim_start();
            if behind.is_empty() {
                slot.text.truncate(end);
                return;
            }
            if !behind.starts_with('{') {
                return;
            }
            if full {
                self.too_many = true;
                slot.text.truncate(end);
                return;
            }
            let text = slot.text.split_off(end);
            let next = Slot { index: slot.index, name: slot.name.clone(), text, ..Slot::default() };
            at += 1;
            self.slots.insert(at, next);
        }
    }

    /// The calls, with fresh ids of ours and the names of our tools.
    pub(super) fn finish(self, names: &Names) -> Vec<ToolCall> {
        self.slots.into_iter().map(|slot| finished(slot, names)).collect()
    }
}

/// As much of a name as is kept.
fn start(name: &str) -> &str {
    name.char_indices().nth(MAX_NAME).map_or(name, |(end, _)| &name[..end])
}

fn finished(mut slot: Slot, names: &Names) -> ToolCall {
    slot.text.extend(slot.halves.end());
    // Brackets left over behind a complete object mean nothing.
    let end =
        slot.scan.end(&slot.text).filter(|&end| slot.text[end..].trim().chars().all(|c| "}])`".contains(c)));
    let text = end.map_or(slot.text.as_str(), |end| &slot.text[..end]);
    let args = lenient::arguments(text);
    let invalid = args.is_none().then(|| slot.text.chars().take(MAX_INVALID).collect());
    let mut call = ToolCall::new(names.to_ours(&slot.name), args.unwrap_or_default());
    call.invalid = invalid;
    call.extras = slot.extras;
    if !slot.id.is_empty() && start(&slot.id) == slot.id {
        call.extras.insert("id".into(), slot.id.into());
    }
    call
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn calls(pieces: &[Value]) -> Vec<(String, Value)> {
        let mut calls = Calls::default();
        pieces.iter().for_each(|piece| calls.take(piece));
        calls
            .finish(&Names::default())
            .into_iter()
            .map(|call| (call.name, call.invalid.map_or(json!(call.args), |text| json!({"invalid": text}))))
            .collect()
    }

    #[test]
    fn pieces_find_their_call() {
        let a = ("a".to_owned(), json!({"x": 1}));
        let b = ("b".to_owned(), json!({"y": 2}));
        // As OpenAI sends them.
        let usual = [
            json!({"index":0,"id":"1","function":{"name":"a","arguments":""}}),
            json!({"index":0,"function":{"arguments":"{\"x\""}}),
            json!({"index":1,"id":"2","function":{"name":"b","arguments":"{\"y\""}}),
            json!({"index":0,"function":{"arguments":":1}"}}),
            json!({"index":1,"function":{"arguments":":2}"}}),
        ];
        assert_eq!(calls(&usual), [a.clone(), b.clone()]);
        // Without index and id.
        let bare = [
            json!({"function":{"name":"a","arguments":"{\"x\""}}),
            json!({"function":{"arguments":":1}"}}),
            json!({"function":{"name":"b","arguments":"{\"y\":2}"}}),
        ];
        assert_eq!(calls(&bare), [a.clone(), b.clone()]);
        // All on one index.
        let same = [
            json!({"index":0,"id":"1","function":{"name":"a","arguments":"{\"x\":1}"}}),
            json!({"index":0,"id":"2","function":{"name":"b","arguments":"{\"y\":2}"}}),
        ];
        assert_eq!(calls(&same), [a, b]);
    }

    #[test]
    fn two_objects_are_two_calls() {
        let glued = [
            json!({"index":0,"id":"1","function":{"name":"a","arguments":"{\"x\":1}{\"x\""}}),
            json!({"index":0,"function":{"arguments":":2}{}"}}),
        ];
        let all: Vec<Value> = calls(&glued).into_iter().map(|(_, args)| args).collect();
        assert_eq!(all, [json!({"x":1}), json!({"x":2}), json!({})]);
    }

    #[test]
    fn repeated_names_and_ids_change_nothing() {
        let repeated = [
            json!({"index":0,"id":"1","function":{"name":"a","arguments":"{\"x\""}}),
            json!({"index":0,"id":"","function":{"name":"","arguments":":"}}),
            json!({"index":0,"id":"1","function":{"name":"a","arguments":"1}"}}),
        ];
        assert_eq!(calls(&repeated), [("a".to_owned(), json!({"x": 1}))]);
        let without_index = [
            json!({"function":{"name":"a","arguments":"{\"x\""}}),
            json!({"function":{"name":"a","arguments":":1}"}}),
        ];
        assert_eq!(calls(&without_index), [("a".to_owned(), json!({"x": 1}))]);
    }

    #[test]
    fn arguments_in_all_forms() {
        let forms = [
            (json!(""), json!({})),
            (json!(null), json!({})),
            (json!({"x": 1}), json!({"x": 1})),
            (json!("{\"x\":1}}"), json!({"x": 1})),
            (json!("{\"x\":"), json!({"invalid": "{\"x\":"})),
            (json!("run it"), json!({"invalid": "run it"})),
        ];
        for (sent, wanted) in forms {
            let piece = json!({"index":0,"id":"1","function":{"name":"a","arguments":sent}});
            assert_eq!(calls(&[piece]), [("a".to_owned(), wanted)]);
        }
    }
}
