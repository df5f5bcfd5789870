//! A message is judged, stored and dispatched.

use super::ChannelDoor;
use crate::domain::{
    post::{Arrival, Receipt},
    store::StoreError,
};
use std::sync::Arc;

impl ChannelDoor {
    /// Takes a message, in the place of the parts that it was gathered from, where there are some. Those of
    /// a message that is refused are forgotten.
    ///
    /// May be dropped at any time: the message is stored and dispatched, or neither.
    pub(super) async fn accept(&self, arrival: Arrival, pieces: Vec<String>) -> Result<Receipt, StoreError> {
        if let Some(receipt) = self.turned_away(&arrival).await {
            if !pieces.is_empty() {
                self.router.outgoing.post().discard(&self.facts.name, pieces).await?;
            }
            return Ok(receipt);
        }
        // A task of its own: whoever hands the message in may go away between storing and dispatching.
        let (router, facts) = (Arc::clone(&self.router), Arc::clone(&self.facts));
        let taken = self.router.runtime.spawn(async move { router.store(&facts, arrival, pieces).await });
        taken.await.unwrap_or_else(|error| Err(StoreError::Refused(format!("not taken: {error}"))))
    }
}
