//! Who first said what is passed on.

use super::message::{Message, Person, named};
use serde_json::Value;

/// The name of a chat.
pub(super) fn chat(chat: &Value) -> String {
    let title = chat["title"].as_str().map(named);
    title.or_else(|| Person::read(chat).map(|person| person.name)).unwrap_or_default()
}

/// Who first said a message that was forwarded, in brackets. `None`: it was not forwarded.
pub(super) fn forwarded(message: &Message) -> Option<String> {
    if !message.is_forwarded() {
        return None;
    }
    let mut name = origin(message.get("forward_origin"));
    if name.is_empty() {
        // As older servers write it.
        let person = Person::read(message.get("forward_from")).map(|person| person.name);
        let hidden = message.get("forward_sender_name").as_str().map(named);
        let from = chat(message.get("forward_from_chat"));
        name = person.or(hidden).unwrap_or(from);
    }
    Some(if name.is_empty() { "[forwarded]".into() } else { format!("[forwarded from {name}]") })
}

/// The name in the origin of a message, of whatever type it is.
pub(super) fn origin(origin: &Value) -> String {
    let person = Person::read(&origin["sender_user"]).map(|person| person.name);
    let hidden = || origin["sender_user_name"].as_str().map(named);
    let of_chat = || {
        let of = if origin["chat"].is_object() { &origin["chat"] } else { &origin["sender_chat"] };
        let signed = origin["author_signature"].as_str().map(named);
        match (chat(of), signed) {
            (name, Some(signed)) if !signed.is_empty() => format!("{name}, {signed}"),
            (name, _) => name,
        }
    };
    person.or_else(hidden).unwrap_or_else(of_chat)
}
