//! One conversation: its messages wait their turn, and one turn runs at a time.

use super::{ChannelFacts, INTERRUPTED, Place, Router};
use crate::{
    domain::{
        envelope::{Envelope, Origin},
        id::SessionId,
        outcome::TurnEnd,
        post::{Arrival, Handled, Letter},
        store::StoreError,
    },
    gateway::Delivery,
};
use std::{collections::VecDeque, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Messages of one conversation that wait; further ones are refused.
pub const MAILBOX: usize = 32;

/// A conversation with something to do.
#[derive(Default)]
pub(super) struct Conversation {
    queue: VecDeque<(Arc<ChannelFacts>, Letter)>,
    /// Stops the turn under way.
    cancel: CancellationToken,
}

impl Place {
    pub(super) fn of(arrival: &Arrival) -> Self {
        Self { channel: arrival.channel.clone(), conversation: arrival.conversation.clone() }
    }
}

impl Router {
    /// Puts a message into the mailbox of its conversation, where at most `room` others wait.
    pub(super) fn enqueue(self: &Arc<Self>, facts: &Arc<ChannelFacts>, letter: Letter, room: usize) {
        let place = Place::of(&letter.arrival);
        let mut conversations = self.conversations();
        let known = conversations.contains_key(&place);
        let conversation = conversations.entry(place.clone()).or_default();
        if conversation.queue.len() >= room {
            let waiting = conversation.queue.len();
            drop(conversations);
            let router = Arc::clone(self);
            self.runtime.spawn(async move {
                let text = format!(
                    "{waiting} messages wait here already, so this one was not taken. /stop ends them."
                );
                router.close(&letter, Handled::Failed, Some(text)).await;
            });
            return;
        }
        conversation.queue.push_back((Arc::clone(facts), letter));
        drop(conversations);
        if !known {
            self.runtime.spawn(Arc::clone(self).serve(place));
        }
    }

    /// Answers the messages of a conversation, one after the other, as long as there are some.
    async fn serve(self: Arc<Self>, place: Place) {
        while let Some((facts, letter, cancel)) = self.next(&place) {
            let (router, answered, at) = (Arc::clone(&self), letter.clone(), place.clone());
            let answer =
                self.runtime.spawn(async move { router.answer(&facts, &answered, &at, cancel).await });
            // A turn that breaks down must not take the conversation along.
            if answer.await.is_err() {
                let text = "error: the answer broke down; the log says where".to_owned();
                self.close(&letter, Handled::Failed, Some(text)).await;
            }
        }
        self.idle.notify_waiters();
    }

    fn next(&self, place: &Place) -> Option<(Arc<ChannelFacts>, Letter, CancellationToken)> {
        let mut conversations = self.conversations();
        let conversation = conversations.get_mut(place)?;
        // What waits when the program ends is taken up by the next one.
        let next = if self.stopping.is_cancelled() { None } else { conversation.queue.pop_front() };
        let Some((facts, letter)) = next else {
            conversations.remove(place);
            return None;
        };
        conversation.cancel = self.stopping.child_token();
        Some((facts, letter, conversation.cancel.clone()))
    }

    /// Stops the turn under way, and takes the messages that wait: `None` when nothing is to be done.
    pub(super) fn interrupt(&self, place: &Place) -> Option<Vec<Letter>> {
        let mut conversations = self.conversations();
        let conversation = conversations.get_mut(place)?;
        conversation.cancel.cancel();
        Some(conversation.queue.drain(..).map(|(_, letter)| letter).collect())
    }

    /// How many messages wait, if a turn is under way.
    pub(super) fn waiting(&self, place: &Place) -> Option<usize> {
        self.conversations().get(place).map(|conversation| conversation.queue.len())
    }

    async fn answer(&self, facts: &ChannelFacts, letter: &Letter, place: &Place, cancel: CancellationToken) {
        let session = match self.outgoing.post().begin(letter.number).await {
            Ok(false) => return,
            Ok(true) => self.session(place, &facts.agent).await,
            Err(error) => Err(error),
        };
        let session = match session {
            Ok(session) => session,
            Err(error) => {
                return self.close(letter, Handled::Failed, Some(format!("error: {error}"))).await;
            }
        };
        let Arrival { channel, user, text, .. } = letter.arrival.clone();
        self.questions.enter(&session, place.clone(), user.clone());
        let delivery = Delivery {
            envelope: Envelope { origin: Origin { channel, user }, agent: facts.agent.clone(), text },
            session: session.clone(),
            model: None,
            depth: 0,
            observer: self.observer(place),
            cancel,
        };
        let outcome = self.gateway.submit(delivery).await;
        self.questions.leave(&session);
        match outcome.end {
            TurnEnd::Answered(text) => self.close(letter, Handled::Done, Some(text)).await,
            TurnEnd::Cancelled if self.stopping.is_cancelled() => {
                self.close(letter, Handled::Interrupted, Some(INTERRUPTED.into())).await;
            }
            TurnEnd::Cancelled => self.close(letter, Handled::Failed, None).await,
            TurnEnd::Failed { message, .. } => {
                self.close(letter, Handled::Failed, Some(format!("error: {message}"))).await;
            }
        }
    }

    /// The session of a conversation; a new one where it has none.
    pub(super) async fn session(&self, place: &Place, agent: &str) -> Result<SessionId, StoreError> {
        let Place { channel, conversation } = place;
        if let Some(session) = self.outgoing.post().session(channel, conversation).await? {
            return Ok(session);
        }
        self.begin(place, agent).await
    }

    /// Begins a new session in a conversation.
    pub(super) async fn begin(&self, place: &Place, agent: &str) -> Result<SessionId, StoreError> {
        let Place { channel, conversation } = place;
        let session = self.gateway.current().sessions.begin(channel, agent).await?;
        self.outgoing.post().assign(channel, conversation, &session).await?;
        Ok(session)
    }
}
