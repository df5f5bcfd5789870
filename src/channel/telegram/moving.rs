//! Groups that become supergroups get another id. What belongs to the old one follows.

use super::{Telegram, lock, message::Message};
use crate::domain::post::Door;
use teloxide_core::types::ChatId;

impl Telegram {
    /// Takes note of a message that tells of a move. False: it is another one.
    pub(super) async fn follow(&self, door: &dyn Door, message: &Message) -> Result<bool, String> {
        let id = |key: &str| message.get(key).as_i64().map(ChatId);
        let (from, to) = match (id("migrate_to_chat_id"), id("migrate_from_chat_id")) {
            (Some(to), _) => (message.chat(), to),
            (None, Some(from)) => (from, message.chat()),
            (None, None) => return Ok(false),
        };
        self.pass("a message of a move", format!("{from} is {to}"));
        self.move_to(Some(door), from, to).await?;
        Ok(true)
    }

    /// A chat has another id from now on.
    pub(super) async fn move_to(
        &self,
        door: Option<&dyn Door>,
        from: ChatId,
        to: ChatId,
    ) -> Result<(), String> {
        let channel = &self.options.name;
        if lock(&self.moved).insert(from, to) != Some(to) {
            tracing::info!(channel, %from, %to, "a group has become a supergroup, and its conversation follows");
        }
        let Some(door) = door else { return Ok(()) };
        let stored = door.moved(&from.to_string(), &to.to_string()).await;
        stored.map_err(|error| format!("a group's new id could not be stored: {error}"))
    }

    /// Where a chat is now.
    pub(super) fn now(&self, chat: ChatId) -> ChatId {
        lock(&self.moved).get(&chat).copied().unwrap_or(chat)
    }
}
