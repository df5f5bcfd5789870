//! What other programs leave on a channel when they die, and what people retry by the command line.

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
    /// Takes up what dead programs left on a channel, now and later, until `stop`: soon again as long as
    /// others that are alive have messages there, else whenever something was written meanwhile.
    pub async fn inherit(self: &Arc<Self>, facts: Arc<ChannelFacts>, stop: CancellationToken) {
        let more = self.adopted(&facts).await;
        let (router, task) = (Arc::clone(self), format!("inbox:{}", facts.name));
        let work = move || Arc::clone(&router).inherit_later(Arc::clone(&facts), more, stop.clone());
        let tasks = self.outgoing.health().tasks.clone();
        self.runtime.spawn(async move { tasks.supervise(&task, work).await });
    }

    async fn inherit_later(self: Arc<Self>, facts: Arc<ChannelFacts>, more: bool, stop: CancellationToken) {
        let (mut more, mut wait) = (more, OTHERS_FIRST);
        let mut stamp = self.outgoing.post().stamp();
        loop {
            // Not in the midst of taking something up: what was taken would be forgotten.
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.stopping.cancelled() => return,
                () = tokio::time::sleep(if more { wait } else { OTHERS_EVERY }) => {}
            }
            let now = self.outgoing.post().stamp();
            if !more && now.is_some() && now == stamp {
                continue;
            }
            stamp = now;
            wait = (wait * 2).min(OTHERS_EVERY);
            more = self.adopted(&facts).await;
            if !more {
                wait = OTHERS_FIRST;
            }
        }
    }

    /// Takes up what there is; whether to look again.
    async fn adopted(self: &Arc<Self>, facts: &Arc<ChannelFacts>) -> bool {
        self.adopt(facts).await.unwrap_or_else(|error| {
            tracing::error!(channel = facts.name, %error, "what an earlier run left cannot be looked up yet");
            true
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
