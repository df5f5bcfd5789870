//! The handler's end of a stream.

use super::outgoing::{Outgoing, Taken};
use crate::{
    domain::event::{Observer, TurnEvent},
    quic::protocol::Answer,
};
use std::{fmt, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Nobody listens any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client is gone")]
pub struct Gone;

/// What a handler says while it works. Clones speak on the same stream.
#[derive(Clone)]
pub struct Reply {
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) cancel: CancellationToken,
    /// There was no room for what was said.
    pub(super) overflow: CancellationToken,
}

impl Reply {
    /// Says something when there is room for it.
    ///
    /// # Errors
    /// When nobody listens any more.
    pub async fn send(&self, answer: Answer) -> Result<(), Gone> {
        loop {
            self.outgoing.room().await;
            // Another clone may have been faster.
            match self.outgoing.push(answer.clone()) {
                Taken::Yes => return Ok(()),
                Taken::Gone => return Err(Gone),
                Taken::Full => {}
            }
        }
    }

    /// Says something without waiting. A client that reads too slowly for that loses its stream.
    pub fn tell(&self, answer: Answer) {
        if self.outgoing.push(answer) == Taken::Full {
            self.overflow.cancel();
        }
    }

    /// Ends when the work is to be given up.
    pub async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }

    /// The same as a token, to be handed on.
    pub fn cancel_token(&self) -> CancellationToken {
        self.cancel.clone()
    }
}

impl Observer for Reply {
    fn observe(&self, event: &TurnEvent) {
        self.tell(Answer::Event { event: event.clone() });
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}
