//! What other programs leave on a channel when they die.

use super::{ChannelFacts, INTERRUPTED, Router};
use crate::domain::{
    question::{Estate, Inherited},
    store::StoreError,
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often to look whether a program that seems to be running has died. At first it is sooner.
pub const OTHERS_EVERY: Duration = Duration::from_secs(30);
/// How soon at first; the wait doubles each time. A program that was killed seems to be running for as
/// long as the children that it was starting have not become other programs.
const OTHERS_FIRST: Duration = Duration::from_millis(250);

impl Router {
    /// Takes up what dead programs left on a channel. As long as others that are alive have messages
    /// there, it is looked again, until `stop`.
    pub async fn inherit(self: &Arc<Self>, facts: Arc<ChannelFacts>, stop: CancellationToken) {
        if !self.adopted(&facts).await {
            return;
        }
        let router = Arc::clone(self);
        self.runtime.spawn(async move {
            let mut wait = OTHERS_FIRST;
            loop {
                // Not in the midst of taking something up: what was taken would be forgotten.
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = router.stopping.cancelled() => return,
                    () = tokio::time::sleep(wait) => {}
                }
                if !router.adopted(&facts).await {
                    return;
                }
                wait = (wait * 2).min(OTHERS_EVERY);
            }
        });
    }

    /// Takes up what there is; whether there is more to come.
    async fn adopted(self: &Arc<Self>, facts: &Arc<ChannelFacts>) -> bool {
        self.adopt(facts).await.unwrap_or_else(|error| {
            tracing::error!(channel = facts.name, %error, "what an earlier run left cannot be looked up");
            false
        })
    }

    async fn adopt(self: &Arc<Self>, facts: &Arc<ChannelFacts>) -> Result<bool, StoreError> {
        let Estate { left, others } = self.outgoing.post().adopt(&facts.name, INTERRUPTED).await?;
        for Inherited { letter, parked } in left {
            self.open.send_modify(|open| *open += 1);
            if let Some(context) = parked {
                self.take_up(facts, letter, context);
            } else {
                // It may be the answer for which a turn waits.
                self.take(facts, letter, usize::MAX).await;
            }
        }
        self.outgoing.ring(&facts.name);
        Ok(others)
    }
}
