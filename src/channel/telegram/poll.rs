//! Asking the server for what happened.

use super::{POLL, Telegram, Up, errors};
use crate::domain::post::Door;
use futures_util::future::try_join_all;
use std::collections::HashMap;
use teloxide_core::{
    payloads::GetUpdatesSetters,
    prelude::Requester,
    types::{AllowedUpdate, Message, Update, UpdateKind},
};

impl Telegram {
    /// Polls until it fails.
    pub(super) async fn poll(&self, up: &Up, door: &dyn Door) -> Result<(), String> {
        let mut offset = None;
        loop {
            let mut request = up
                .client
                .bot
                .get_updates()
                .timeout(POLL.as_secs() as u32)
                // Telegram remembers the last list: it is said each time.
                .allowed_updates([AllowedUpdate::Message, AllowedUpdate::CallbackQuery]);
            request.offset = offset;
            let updates = match request.await {
                Ok(updates) => updates,
                Err(error) => return Err(self.down(errors::down(&error, &up.token))),
            };
            let last = updates.iter().map(|update| update.id.0).max();
            self.take(up, door, updates).await?;
            // What comes before this is confirmed by the next poll: all of it is stored.
            offset = last.and_then(|last| i32::try_from(last).ok()?.checked_add(1)).or(offset);
        }
    }

    /// Takes what happened: in order in each conversation, and no conversation waits for another.
    async fn take(&self, up: &Up, door: &dyn Door, updates: Vec<Update>) -> Result<(), String> {
        let mut messages: HashMap<_, Vec<Message>> = HashMap::new();
        let mut presses = vec![];
        for update in updates {
            match update.kind {
                UpdateKind::Message(message) => {
                    messages.entry(super::place::Place::of(&message)).or_default().push(message);
                }
                UpdateKind::CallbackQuery(press) => presses.push(press),
                UpdateKind::Error(_) => {
                    tracing::warn!(
                        channel = self.options.name,
                        update = update.id.0,
                        "an update was not understood, and is passed over"
                    );
                }
                _ => {}
            }
        }
        let pressing = async {
            for press in presses {
                self.pressed(up, door, press).await;
            }
            Ok(())
        };
        let receiving = try_join_all(messages.into_values().map(|said| self.receive(up, door, said)));
        let (received, pressed) = futures_util::future::join(receiving, pressing).await;
        received.map(drop).and(pressed)
    }
}
