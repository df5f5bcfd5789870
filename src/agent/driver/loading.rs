//! The conversation so far, made shorter when it is time.

use super::{
    super::{
        compaction::{self, Summariser},
        context, cost,
    },
    Run,
};
use crate::domain::{
    message::Message,
    points::{Compaction, Digest},
    store::{StoreError, StoredMessage},
    usage::Usage,
};
use serde_json::json;

impl Run<'_> {
    /// Takes in the conversation, in which the new message stands last, and shortens it if it is time.
    pub(super) async fn load(&mut self, mut stored: Vec<StoredMessage>) -> Result<(), StoreError> {
        let parts = &self.agent.parts;
        let session = self.input.context.session.clone();
        // The new message alone: the conversation begins.
        if stored.len() == 1 {
            self.emit("session.start", || json!({}));
        }
        let newest = stored.len().saturating_sub(1);
        for (index, message) in stored.iter_mut().enumerate() {
            if let Some(told) = self.shorten(&mut message.message).await
                && index == newest
            {
                self.tell_long(told);
            }
        }
        if !self.replays {
            stored.iter_mut().for_each(|m| context::forget_reasoning(&mut m.message));
        }
        if let Some(end) = compaction::boundary(&stored, self.room()) {
            let older = &stored[..end];
            let upto = older.last().map_or(0, |m| m.id);
            let tokens = older.iter().map(|m| cost::cost(&m.message)).sum();
            let digest = Digest { messages: older, tokens, room: self.room() };
            let wanted = parts.hooks.compaction(digest, &self.input.context).await;
            let summary = match wanted {
                Compaction::Keep => None,
                Compaction::Summary(text) => Some((text, Usage::default())),
                Compaction::Usual => self.summarised(older).await?,
            };
            if let Some((text, usage)) = summary {
                if usage != Usage::default() {
                    let model = self.input.model.clone();
                    self.spend(usage, &model);
                    self.purse.add(usage);
                }
                parts.store.summarise(&session, upto, &text).await?;
                let count = older.len();
                stored.splice(..end, []);
                self.push(Message::Notice { text });
                self.notice(format!("{count} earlier messages were summarised to save room"));
            }
        }
        for message in stored {
            self.push(message.message);
        }
        Ok(())
    }

    /// What stands for `older`, and what that cost; `None` when the turn was stopped meanwhile.
    async fn summarised(&mut self, older: &[StoredMessage]) -> Result<Option<(String, Usage)>, StoreError> {
        let spent_today = self.spent_today().await?;
        let summariser = Summariser {
            llm: &*self.agent.parts.llm,
            windows: &self.agent.windows,
            model: &self.input.model,
            limit: self.input.budget,
            spent_today,
        };
        Ok(tokio::select! {
            biased;
            () = self.input.cancel.cancelled() => None,
            summary = summariser.summarise(older) => Some(summary),
        })
    }
}
