//! What a turn does while the database is not available: it waits, for a time.

use super::Run;
use crate::domain::{
    message::Message,
    store::{StoreError, StoredMessage},
};
use std::time::Duration;

/// How long a turn waits for a database that is locked or full before it fails.
pub const STORE_PATIENCE: Duration = Duration::from_secs(30);
/// The wait before the first further try; it doubles each time.
const RETRY_FIRST: Duration = Duration::from_millis(50);
/// The longest such wait.
const RETRY_LONGEST: Duration = Duration::from_secs(2);

impl Run<'_> {
    /// Begins the turn in the store, and reads the conversation. Dropping the future while it waits leaves a
    /// turn that may be open in the store; the next turn of the session or the next program closes it.
    pub(super) async fn begin_stored(&mut self, message: &Message) -> Result<Vec<StoredMessage>, StoreError> {
        let parts = self.agent.parts.clone();
        let context = self.input.context.clone();
        let deadline = tokio::time::Instant::now() + STORE_PATIENCE;
        let mut wait = RETRY_FIRST;
        loop {
            let begun = parts.store.begin_turn(&context.session, &context.turn, &context.origin, message);
            // Looked up in one go with that: until the turn has ended, nobody else adds to the conversation.
            let stored = parts.store.context(&context.session);
            match begun.await {
                Ok(()) => {
                    self.begun = true;
                    return stored.await;
                }
                Err(error) if error.passes() && !self.gives_up(deadline) => {
                    self.tell_waiting(&error);
                    self.pause(wait).await;
                    wait = (wait * 2).min(RETRY_LONGEST);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until everything handed to the store is stored: before anything acts on it, and at the end.
    pub(super) async fn settle(&mut self) -> Result<(), StoreError> {
        let mut delayed = None;
        for stored in std::mem::take(&mut self.queued) {
            match stored.await {
                Err(error) if error.is_delayed() => delayed = Some(error),
                other => other?,
            }
        }
        delayed.map_or(Ok(()), Err)
    }

    /// The same in the middle of a turn: what is delayed is waited for.
    pub(super) async fn settle_first(&mut self) -> Result<(), StoreError> {
        let Err(error) = self.settle().await else { return Ok(()) };
        if !error.is_delayed() {
            return Err(error);
        }
        self.tell_waiting(&error);
        let store = self.agent.parts.store.clone();
        tokio::select! {
            () = store.caught_up() => Ok(()),
            () = tokio::time::sleep(STORE_PATIENCE) => Err(error),
            () = self.input.cancel.cancelled() => Ok(()),
        }
    }

    fn gives_up(&self, deadline: tokio::time::Instant) -> bool {
        self.input.cancel.is_cancelled() || tokio::time::Instant::now() >= deadline
    }

    async fn pause(&mut self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.input.cancel.cancelled() => {}
        }
    }

    /// Tells the person once why nothing happens.
    fn tell_waiting(&mut self, error: &StoreError) {
        if !std::mem::replace(&mut self.told_waiting, true) {
            self.notice(format!("waiting for the database, at most {} s: {error}", STORE_PATIENCE.as_secs()));
        }
    }
}
