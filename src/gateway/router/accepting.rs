//! A message is judged, stored and dispatched.

use super::ChannelDoor;
use crate::domain::{
    post::{Arrival, Door, Receipt},
    store::StoreError,
};
use std::sync::Arc;

/// A message is refused after so many panics while it was stored.
const MAX_RECEIVE_PANICS: u32 = 2;

/// What is said about such a message.
const BROKE_DOWN: &str = "a fault of the program (its log says where)";

impl ChannelDoor {
    /// Takes a message, in the place of the parts that it was gathered from, where there are some. Those of
    /// a message that is refused are forgotten. A message over which storing panics twice is refused: handed in
    /// again, it would do so for ever.
    ///
    /// May be dropped at any time: the message is stored and dispatched, or neither.
    pub(super) async fn accept(&self, arrival: Arrival, pieces: Vec<String>) -> Result<Receipt, StoreError> {
        let receipt = match self.turned_away(&arrival).await {
            Some(receipt) => receipt,
            None => match self.stored(arrival, pieces.clone()).await? {
                Ok(receipt) => return Ok(receipt),
                Err(panic) => {
                    self.dropped("a message that the program breaks over", &panic);
                    Receipt::Refused(BROKE_DOWN.into())
                }
            },
        };
        if !pieces.is_empty() {
            self.router.outgoing.post().discard(&self.facts.name, pieces).await?;
        }
        Ok(receipt)
    }

    /// Stores and dispatches a message; `Err` within: it panicked each time.
    async fn stored(
        &self,
        arrival: Arrival,
        pieces: Vec<String>,
    ) -> Result<Result<Receipt, String>, StoreError> {
        let (router, facts) = (Arc::clone(&self.router), Arc::clone(&self.facts));
        // A task of its own: whoever hands the message in may go away between storing and dispatching.
        let taken = self.router.runtime.spawn(async move {
            let tasks = &router.outgoing.health().tasks;
            let mut why = String::new();
            for _ in 0..MAX_RECEIVE_PANICS {
                match tasks.guard("receive", router.store(&facts, arrival.clone(), pieces.clone())).await {
                    Ok(stored) => return stored.map(Ok),
                    Err(panic) => why = panic,
                }
            }
            Ok(Err(why))
        });
        // It ends early with the runtime alone.
        taken.await.unwrap_or_else(|error| Err(StoreError::Refused(format!("not taken: {error}"))))
    }
}
