//! A message as it came. What is not there, or is otherwise than expected, is not there.

use super::place::Place;
use serde_json::Value;
use std::sync::Arc;
use teloxide_core::types::{ChatId, MessageId, ThreadId};

/// The topic that is not one: a message to it goes to the group itself.
pub(super) const GENERAL: i32 = 1;

/// A message. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Message {
    value: Arc<Value>,
    chat: i64,
    /// The update that it came by.
    update: i64,
}

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) id: i64,
    pub(super) is_bot: bool,
    pub(super) name: String,
    pub(super) username: Option<String>,
}

/// Characters of a name, at most.
const NAME_CHARS: usize = 64;

impl Message {
    /// `None`: it is in no chat.
    pub(super) fn read(value: Value, update: i64) -> Option<Self> {
        let chat = value["chat"]["id"].as_i64()?;
        Some(Self { value: Arc::new(value), chat, update })
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    pub(super) fn get(&self, key: &str) -> &Value {
        &self.value[key]
    }

    /// Whether it has a field.
    pub(super) fn has(&self, key: &str) -> bool {
        !self.get(key).is_null()
    }

    pub(super) fn chat(&self) -> ChatId {
        ChatId(self.chat)
    }

    pub(super) fn is_private(&self) -> bool {
        self.get("chat")["type"] == "private"
    }

    /// Its number in the chat; 0 where it has none.
    pub(super) fn number(&self) -> i64 {
        self.get("message_id").as_i64().unwrap_or(0)
    }

    pub(super) fn message_id(&self) -> MessageId {
        MessageId(i32::try_from(self.number()).unwrap_or(0))
    }

    /// What it is known by: the same again where it comes again, or is edited. Messages that only one
    /// person sees have no number of their own.
    pub(super) fn key(&self, bot: i64) -> String {
        match self.number() {
            0 => format!("{bot}/{}/u{}", self.chat, self.update),
            number => format!("{bot}/{}/{number}", self.chat),
        }
    }

    pub(super) fn update(&self) -> i64 {
        self.update
    }

    /// Where it was said.
    pub(super) fn place(&self) -> Place {
        // Replies have a thread in any group; only those of topics are places.
        let topic = self.get("message_thread_id").as_i64().filter(|_| self.get("is_topic_message") == true);
        let topic = topic.and_then(|topic| i32::try_from(topic).ok()).filter(|topic| *topic != GENERAL);
        Place { chat: self.chat(), topic: topic.map(|topic| ThreadId(MessageId(topic))) }
    }

    pub(super) fn from(&self) -> Option<Person> {
        Person::read(self.get("from"))
    }

    /// When it was said, in seconds since 1970.
    pub(super) fn date(&self) -> i64 {
        self.get("date").as_i64().unwrap_or(0)
    }

    /// What is the same for all pictures and files that were sent together.
    pub(super) fn album(&self) -> Option<String> {
        match self.get("media_group_id") {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }

    /// Its text or caption, and the entities in that.
    pub(super) fn text(&self) -> Option<(&str, &[Value])> {
        text_of(self.value())
    }

    pub(super) fn is_forwarded(&self) -> bool {
        ["forward_origin", "forward_date", "forward_from", "forward_from_chat", "forward_sender_name"]
            .iter()
            .any(|key| self.has(key))
    }
}

/// The text or caption of a message, and the entities in that.
pub(super) fn text_of(message: &Value) -> Option<(&str, &[Value])> {
    let of = |text: &str, entities: &str| {
        let text = message[text].as_str().filter(|text| !text.trim().is_empty())?;
        Some((text, message[entities].as_array().map(Vec::as_slice).unwrap_or_default()))
    };
    of("text", "entities").or_else(|| of("caption", "caption_entities"))
}

impl Person {
    pub(super) fn read(value: &Value) -> Option<Self> {
        let part = |key: &str| value[key].as_str().unwrap_or_default();
        let name = format!("{} {}", part("first_name"), part("last_name"));
        let username = value["username"].as_str().map(str::to_owned);
        let name = if name.trim().is_empty() { username.clone().unwrap_or_default() } else { name };
        let is_bot = value["is_bot"] == true;
        Some(Self { id: value["id"].as_i64()?, is_bot, name: named(&name), username })
    }
}

/// A name of somebody else's choice, as it can stand in a line of ours.
pub(super) fn named(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect();
    name.trim().replace('[', "(").replace(']', ")")
}
