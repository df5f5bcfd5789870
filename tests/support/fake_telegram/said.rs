//! What people say and press.

use super::{BOT, BOT_NAME, FakeTelegram, Sent};
use serde_json::{Value, json};

pub(super) fn bot() -> Value {
    json!({"id": BOT, "is_bot": true, "first_name": "Pista", "username": BOT_NAME})
}

/// The entities that Telegram's clients find in a text.
fn entities(text: &str) -> Value {
    let units = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
    let mut found = vec![];
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
        let kind = match word.chars().next() {
            Some('/') if bare.len() > 1 => "bot_command",
            Some('@') if bare.len() > 1 => "mention",
            _ => "",
        };
        if !kind.is_empty() {
            found.push(json!({"type": kind, "offset": units(&text[..at]), "length": units(bare)}));
        }
        at += word.len();
    }
    found.into()
}

impl FakeTelegram {
    /// A person says something to the bot alone. Returns the message's id.
    pub fn says(&self, user: i64, text: &str) -> i64 {
        self.said(user, user, text, json!({}))
    }

    /// A person says something in a chat, with further fields of the message.
    pub fn said(&self, chat: i64, user: i64, text: &str, more: Value) -> i64 {
        let mut message = json!({"text": text, "entities": entities(text)});
        merge(&mut message, more);
        self.arrives(chat, user, message)
    }

    /// A message of any kind arrives.
    pub fn arrives(&self, chat: i64, user: i64, content: Value) -> i64 {
        let mut state = self.state();
        state.next_message += 1;
        let id = state.next_message;
        let place = state.chats.get(&chat).cloned();
        let place = place.unwrap_or_else(|| json!({"id": chat, "type": "private", "first_name": "Somebody"}));
        let from = json!({"id": user, "is_bot": false, "first_name": name(user)});
        let mut message = json!({"message_id": id, "date": 1_700_000_000, "chat": place, "from": from});
        merge(&mut message, content);
        if let Some(topic) = message["message_thread_id"].as_i64().filter(|topic| *topic != 1) {
            state.topics.insert((chat, topic));
        }
        push(&mut state, "message", message);
        drop(state);
        self.shared.bell.notify_all();
        id
    }

    /// A person changes the text of a message.
    pub fn edits(&self, chat: i64, user: i64, id: i64, text: &str) {
        let mut state = self.state();
        let place = state.chats.get(&chat).cloned().unwrap_or_default();
        let from = json!({"id": user, "is_bot": false, "first_name": name(user)});
        let message = json!({
            "message_id": id, "date": 1_700_000_000, "edit_date": 1_700_000_060, "chat": place, "from": from,
            "text": text, "entities": entities(text),
        });
        push(&mut state, "edited_message", message);
        drop(state);
        self.shared.bell.notify_all();
    }

    /// An update that holds anything.
    pub fn update(&self, kind: &str, content: Value) {
        push(&mut self.state(), kind, content);
        self.shared.bell.notify_all();
    }

    /// A file that can be fetched by this id.
    pub fn file(&self, id: &str, path: &str, bytes: &[u8]) {
        self.state().files.insert(id.to_owned(), (path.to_owned(), bytes.to_vec()));
    }

    /// A person presses a button of a message. Returns the press's id.
    pub fn presses(&self, user: i64, sent: &Sent, data: &str) -> String {
        assert!(sent.buttons.iter().any(|known| known == data), "{data:?} is no button of {sent:?}");
        let mut state = self.state();
        let id = format!("press{}", state.presses.len());
        state.presses.insert(id.clone(), None);
        let message = sent.document(&state.chats[&sent.chat].clone());
        let from = json!({"id": user, "is_bot": false, "first_name": name(user)});
        let press = json!({"id": id, "from": from, "message": message, "chat_instance": "1", "data": data});
        push(&mut state, "callback_query", press);
        drop(state);
        self.shared.bell.notify_all();
        id
    }
}

fn name(user: i64) -> &'static str {
    match user {
        super::ADA => "Ada",
        super::BOB => "Bob",
        _ => "Mallory",
    }
}

fn merge(into: &mut Value, more: Value) {
    for (key, value) in more.as_object().cloned().unwrap_or_default() {
        into[key] = value;
    }
}

fn push(state: &mut super::State, kind: &str, content: Value) {
    let id = state.next_update;
    state.next_update += 1;
    // What nobody asks for is not kept.
    let wanted = state.allowed.as_ref().is_none_or(|kinds| kinds.iter().any(|known| known == kind));
    if wanted {
        let mut update = json!({"update_id": id});
        update[kind] = content;
        state.pending.push_back((id, update));
    }
}
