//! A message is stored and dispatched, both or neither.

use super::{ChannelDoor, MAILBOX};
use crate::domain::{
    post::{Arrival, Receipt},
    store::StoreError,
};
use std::sync::Arc;

impl ChannelDoor {
    /// Takes a message, in the place of the parts that it was gathered from, where there are some. They
    /// are done with whatever the answer is: a message that is refused does not come again.
    ///
    /// May be dropped at any time: the message is stored and dispatched, or neither.
    pub(super) async fn accept(&self, arrival: Arrival, pieces: Vec<String>) -> Result<Receipt, StoreError> {
        if let Some(receipt) = self.turned_away(&arrival).await {
            if !pieces.is_empty() {
                self.router.outgoing.post().discard(&self.facts.name, pieces).await?;
            }
            return Ok(receipt);
        }
        let (router, facts) = (Arc::clone(&self.router), Arc::clone(&self.facts));
        // In a task of its own: a channel that ends meanwhile must not leave a message that is stored and
        // in no mailbox.
        let accepting = self.router.runtime.spawn(async move {
            let post = router.outgoing.post();
            let letter = match pieces.is_empty() {
                true => post.take(arrival).await?,
                false => post.take_gathered(arrival, pieces).await?,
            };
            let Some(letter) = letter else { return Ok(Receipt::Seen) };
            router.open.send_modify(|open| *open += 1);
            router.take(&facts, letter, MAILBOX).await;
            Ok(Receipt::Accepted)
        });
        match accepting.await {
            Ok(receipt) => receipt,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(StoreError::Refused("the program ends".into())),
        }
    }
}
