//! Asking the server for what happened.

use super::{
    POLL, Telegram, Up, client, errors,
    incoming::Said,
    update::{self, Body, Update},
};
use crate::domain::post::Door;
use futures_util::future::{join, try_join_all};
use serde::Serialize;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use teloxide_core::{requests::Payload, types::AllowedUpdate};

/// What is wanted. Telegram remembers the last list: it is said each time.
const WANTED: [AllowedUpdate; 3] =
    [AllowedUpdate::Message, AllowedUpdate::EditedMessage, AllowedUpdate::CallbackQuery];

/// The wait after a poll that was answered at once with nothing: some servers do not wait by themselves.
const EMPTY_PAUSE: Duration = Duration::from_millis(500);

/// The request, with numbers of any size.
#[derive(Serialize)]
struct GetUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    timeout: u64,
    allowed_updates: [AllowedUpdate; 3],
}

impl Payload for GetUpdates {
    type Output = ();
    const NAME: &'static str = "getUpdates";
}

impl Telegram {
    /// Polls until it fails.
    pub(super) async fn poll(&self, up: &Up, door: &dyn Door) -> Result<(), String> {
        let mut offset = None;
        // The first one waits for nothing, so that what is wrong is known at once.
        let mut timeout = 0;
        loop {
            let asked = Instant::now();
            let request = GetUpdates { offset, timeout, allowed_updates: WANTED };
            let down = |fault| self.down(errors::down(&fault, &up.token, up.client.is_telegrams()));
            let text = up.client.call_raw(&request).await.map_err(down)?;
            self.polled.notify_one();
            let updates = update::read(client::read(GetUpdates::NAME, 200, &text).map_err(down)?.result);
            let last = updates.iter().map(|update| update.id).max();
            if last.is_none() && timeout > 0 && asked.elapsed() < EMPTY_PAUSE {
                tokio::time::sleep(EMPTY_PAUSE).await;
            }
            timeout = POLL.as_secs();
            self.take(up, door, updates).await?;
            // What comes before this is confirmed by the next poll: all of it is stored.
            offset = last.map(|last| last.saturating_add(1)).or(offset);
        }
    }

    /// Takes what happened: in order in each conversation, and no conversation waits for another.
    async fn take(&self, up: &Up, door: &dyn Door, updates: Vec<Update>) -> Result<(), String> {
        let mut said: HashMap<_, Vec<Said>> = HashMap::new();
        let mut presses = vec![];
        for update in updates {
            let (message, edited) = match update.body {
                Body::Message(message) => (message, false),
                Body::Edited(message) => (message, true),
                Body::Press(press) => {
                    presses.push(press);
                    continue;
                }
                Body::Other(kind) => {
                    self.pass("an update that was not asked for", kind);
                    continue;
                }
                Body::Unreadable(head) => {
                    let dropped = &self.options.health.dropped;
                    dropped.count(&self.options.name, "an update that makes no sense", head);
                    continue;
                }
            };
            // Before what is said at the new place.
            let place = message.place();
            let followed = self.survives(up, place, &[&message], || self.follow(door, &message)).await;
            if let Some(false) = followed.transpose()? {
                said.entry(message.place()).or_default().push(Said { message, edited });
            }
        }
        let pressing = async {
            for press in presses {
                self.pressed(up, door, press).await;
            }
        };
        let receiving = try_join_all(said.into_values().map(|said| self.receive(up, door, said)));
        let (received, ()) = join(receiving, pressing).await;
        received.map(drop)
    }
}
