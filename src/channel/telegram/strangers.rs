//! People who write to the bot and may not. They get nothing; the owner may want to know.

use super::{
    Telegram, Up, errors,
    incoming::owner,
    lock,
    message::{Message, Person},
};
use std::collections::HashSet;
use teloxide_core::payloads::SendMessage;

/// So many of them are told of; further ones are passed over in silence.
pub const MAX_STRANGERS: usize = 32;

/// Those who were told of.
#[derive(Default)]
pub(super) struct Strangers(HashSet<i64>);

impl Telegram {
    /// Somebody wrote who may not.
    pub(super) async fn stranger(&self, up: &Up, message: &Message, user: &Person) {
        let channel = &self.options.name;
        tracing::info!(channel, user = user.id, "somebody wrote whom users does not name");
        let owner = owner(&self.options.owners);
        let (Some(owner), true, true) = (owner, self.options.pairing, message.is_private()) else {
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
            user.name, user.id
        );
        if let Err(fault) = up.client.call(&SendMessage::new(owner, text)).await {
            let error = errors::shown(&fault, &up.token);
            tracing::warn!(channel, "the owner was not told of {}: {error}", user.id);
        }
    }
}
