//! Messages of the bot.

use serde_json::{Value, json};

/// A message of the bot, as it is now.
#[derive(Clone, Debug)]
pub struct Sent {
    pub chat: i64,
    pub topic: Option<i64>,
    pub id: i64,
    /// As people see it.
    pub text: String,
    /// As it was sent.
    pub raw: String,
    /// Whether it has looks.
    pub html: bool,
    /// The data of its buttons.
    pub buttons: Vec<String>,
    /// The method, the name and the content of a file.
    pub file: Option<(String, String, Vec<u8>)>,
    /// How often it was edited.
    pub edits: usize,
}

impl Sent {
    /// As the API shows it.
    pub(super) fn document(&self, chat: &Value) -> Value {
        let mut message = json!({
            "message_id": self.id,
            "date": 1_700_000_000,
            "chat": chat,
            "from": super::said::bot(),
        });
        if let Some(topic) = self.topic {
            message["message_thread_id"] = topic.into();
            message["is_topic_message"] = true.into();
        }
        if let Some((_, name, bytes)) = &self.file {
            message["document"] = json!({
                "file_id": "sent", "file_unique_id": "sent", "file_size": bytes.len(), "file_name": name,
            });
            message["caption"] = self.text.clone().into();
        } else {
            message["text"] = self.text.clone().into();
        }
        message
    }
}
