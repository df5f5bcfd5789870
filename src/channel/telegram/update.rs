//! What the server tells, as it came: whatever its types may be called next year.

use super::{
    json,
    message::{Message, Person},
};
use serde_json::{Value, value::RawValue};

/// Something that happened.
pub(super) struct Update {
    /// Its number.
    pub(super) id: i64,
    pub(super) body: Body,
}

pub(super) enum Body {
    Message(Message),
    /// A message that was said before, in other words.
    Edited(Message),
    Press(Press),
    /// Something that was not asked for.
    Other(String),
    /// It makes no sense; its beginning.
    Unreadable(String),
}

/// A button that was pressed.
pub(super) struct Press {
    pub(super) id: String,
    pub(super) from: Option<Person>,
    pub(super) data: Option<String>,
    /// The message that the button is at.
    pub(super) message: Option<Message>,
}

/// Characters of an update that makes no sense that are told.
const HEAD_CHARS: usize = 200;

/// Reads the result of `getUpdates`.
pub(super) fn read(result: Option<&RawValue>) -> Vec<Update> {
    let elements = result.map(json::elements).unwrap_or_default();
    elements.into_iter().filter_map(update).collect()
}

/// `None`: it has no number. It cannot be confirmed by itself, and is once a later one is.
fn update(element: Result<Value, &str>) -> Option<Update> {
    let value = match element {
        Ok(value) => value,
        Err(source) => {
            let body = Body::Unreadable(source.chars().take(HEAD_CHARS).collect());
            return Some(Update { id: number_of(source)?, body });
        }
    };
    let id = value["update_id"].as_i64()?;
    let body = match value {
        Value::Object(mut fields) => {
            fields.remove("update_id");
            let part = |fields: &mut serde_json::Map<String, Value>, key: &str| fields.remove(key);
            if let Some(message) = part(&mut fields, "message") {
                of_message(message, id, Body::Message)
            } else if let Some(message) = part(&mut fields, "edited_message") {
                of_message(message, id, Body::Edited)
            } else if let Some(press) = part(&mut fields, "callback_query") {
                Body::Press(Press {
                    id: text(&press["id"]).unwrap_or_default(),
                    from: Person::read(&press["from"]),
                    data: text(&press["data"]),
                    message: Message::read(press["message"].clone(), id),
                })
            } else {
                Body::Other(fields.keys().next().cloned().unwrap_or_default())
            }
        }
        other => Body::Unreadable(head(&other)),
    };
    Some(Update { id, body })
}

fn of_message(value: Value, update: i64, body: fn(Message) -> Body) -> Body {
    let shown = head(&value);
    Message::read(value, update).map_or(Body::Unreadable(shown), body)
}

fn head(value: &Value) -> String {
    value.to_string().chars().take(HEAD_CHARS).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The number of an update that cannot be read.
fn number_of(source: &str) -> Option<i64> {
    let rest = source.split_once("\"update_id\"")?.1.trim_start().strip_prefix(':')?.trim_start();
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
