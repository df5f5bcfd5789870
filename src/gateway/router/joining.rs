//! Messages that join the turn under way, where the channel's `steer` says so.
//!
//! Only those of the person who began it do: a turn acts for one person, who is asked about its calls.

use super::{Place, Router};
use crate::domain::{
    BoxFuture,
    hook::TurnContext,
    points::{MessageDraft, Received},
    post::{Handled, Letter},
    steering::Steering,
};
use std::sync::{Arc, Mutex, PoisonError};

/// The mailbox of a conversation, as a turn in it sees it.
pub(super) struct Joining {
    pub(super) router: Arc<Router>,
    pub(super) place: Place,
    /// What was given out, and is not known to be stored yet.
    pub(super) given: Mutex<Option<Letter>>,
}

impl Joining {
    /// What was given out, and did not get into the turn.
    pub(super) fn take(&self) -> Option<Letter> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What is left of a message after the hooks; `None`: they want it to be treated by itself.
    async fn hooked(&self, text: String, context: &TurnContext) -> Option<String> {
        let (agent, session) = (context.agent.clone(), context.session.as_str().to_owned());
        let draft = MessageDraft { text, agent, session };
        let hooks = self.router.gateway.current().hooks.clone();
        match hooks.message(draft, context).await {
            Received::Go(draft)
                if draft.agent == context.agent && draft.session == context.session.as_str() =>
            {
                Some(draft.text)
            }
            _ => None,
        }
    }
}

impl Steering for Joining {
    fn next<'a>(&'a self, context: &'a TurnContext) -> BoxFuture<'a, Option<String>> {
        Box::pin(async move {
            let letter = self.router.joins(&self.place, &context.origin.user)?;
            let Some(text) = self.hooked(letter.arrival.text.clone(), context).await else {
                self.router.waits_alone(&self.place, letter.number);
                return None;
            };
            // It may have been forgotten meanwhile.
            if !self.router.leaves(&self.place, letter.number) {
                return None;
            }
            match self.router.outgoing.post().begin(letter.number, None).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    let text = Some(format!("error: {error}"));
                    self.router.close(&letter, Handled::Failed, text).await;
                    return None;
                }
            }
            *self.given.lock().unwrap_or_else(PoisonError::into_inner) = Some(letter);
            Some(text)
        })
    }

    fn stored(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(letter) = self.take() {
                // The turn's answer is the answer to it.
                self.router.close(&letter, Handled::Done, None).await;
            }
        })
    }
}
