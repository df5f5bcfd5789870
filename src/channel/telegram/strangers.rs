//! People who write to the bot and may not. They get nothing; the owner may want to know.

use super::{Telegram, Up, errors, incoming::named, lock};
use std::collections::HashSet;
use teloxide_core::{
    prelude::Requester,
    types::{ChatId, Message, User, UserId},
};

/// So many of them are told of; further ones are passed over in silence.
pub const MAX_STRANGERS: usize = 32;

/// Those who were told of.
#[derive(Default)]
pub(super) struct Strangers(HashSet<UserId>);

impl Telegram {
    /// Somebody wrote who may not.
    pub(super) async fn stranger(&self, up: &Up, message: &Message, user: &User) {
        let channel = &self.options.name;
        tracing::info!(channel, user = user.id.0, "somebody wrote whom users does not name");
        let owner = self.options.users.first().and_then(|id| id.parse().ok());
        let (Some(owner), true, true) = (owner, self.options.pairing, message.chat.is_private()) else {
            return;
        };
        {
            let told = &mut lock(&self.strangers).0;
            if told.len() >= MAX_STRANGERS || !told.insert(user.id) {
                return;
            }
        }
        let handle = user.username.as_ref().map(|name| format!(" (@{name})")).unwrap_or_default();
        let text = format!(
            "{}{handle} wrote to this bot and got no answer. To let them in, add {} to users of {channel} in init.lua.",
            named(user),
            user.id
        );
        if let Err(error) = up.client.bot.send_message(ChatId(owner), text).await {
            tracing::warn!(
                channel,
                "the owner was not told of {}: {}",
                user.id,
                errors::shown(&error, &up.token)
            );
        }
    }
}
