//! One conversation: its messages wait their turn, and one turn runs at a time.
//!
//! A turn that waits for somebody's answer when the program ends is left as it is: the next program
//! takes it up.

use super::{ChannelFacts, INTERRUPTED, Place, Router, joining::Joining};
use crate::{
    domain::{
        BoxFuture,
        envelope::{Envelope, Origin},
        hook::TurnContext,
        id::{SessionId, TurnId},
        outcome::{TurnEnd, TurnOutcome},
        plan::Steer,
        post::{Arrival, Handled, Letter},
        steering::Steering,
        store::StoreError,
    },
    gateway::Delivery,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio_util::sync::CancellationToken;

/// Messages of one conversation that wait; further ones are refused.
pub const MAILBOX: usize = 32;

/// A message that waits.
struct Waiting {
    facts: Arc<ChannelFacts>,
    letter: Letter,
    /// The turn of an earlier program that answers it.
    parked: Option<TurnContext>,
    /// It does not join another turn.
    alone: bool,
}

/// A conversation with something to do.
#[derive(Default)]
pub(super) struct Conversation {
    queue: VecDeque<Waiting>,
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
        let waits = Waiting { facts: Arc::clone(facts), letter, parked: None, alone: false };
        if let Err(refused) = self.put(waits, room) {
            let (letter, waiting) = *refused;
            let router = Arc::clone(self);
            self.runtime.spawn(async move {
                let text = format!(
                    "{waiting} messages wait here already, so this one was not taken. /stop ends them."
                );
                router.close(&letter, Handled::Failed, Some(text)).await;
            });
        }
    }

    /// Goes on with the turn of an earlier program that answers a message.
    pub(super) fn take_up(self: &Arc<Self>, facts: &Arc<ChannelFacts>, letter: Letter, turn: TurnContext) {
        let waits = Waiting { facts: Arc::clone(facts), letter, parked: Some(turn), alone: true };
        // There is room for any number.
        drop(self.put(waits, usize::MAX));
    }

    /// `Err`: there is no room, so many messages wait.
    fn put(self: &Arc<Self>, waiting: Waiting, room: usize) -> Result<(), Box<(Letter, usize)>> {
        let place = Place::of(&waiting.letter.arrival);
        let mut conversations = self.conversations();
        let known = conversations.contains_key(&place);
        let conversation = conversations.entry(place.clone()).or_default();
        if conversation.queue.len() >= room {
            return Err(Box::new((waiting.letter, conversation.queue.len())));
        }
        conversation.queue.push_back(waiting);
        drop(conversations);
        if !known {
            self.runtime.spawn(Arc::clone(self).serve(place));
        }
        Ok(())
    }

    /// Answers the messages of a conversation, one after the other, as long as there are some.
    async fn serve(self: Arc<Self>, place: Place) {
        while let Some((waiting, cancel)) = self.next(&place) {
            let (router, at, letter) = (Arc::clone(&self), place.clone(), waiting.letter.clone());
            // A turn that breaks down must not take the conversation along.
            let answer = self.runtime.spawn(async move {
                router.guard(&letter, "turns", Arc::clone(&router).answer(waiting, &at, cancel)).await;
            });
            // It does not panic, and is not aborted before the runtime ends.
            let _ = answer.await;
        }
        self.idle.notify_waiters();
    }

    fn next(&self, place: &Place) -> Option<(Waiting, CancellationToken)> {
        let mut conversations = self.conversations();
        let conversation = conversations.get_mut(place)?;
        // What waits when the program ends is taken up by the next one.
        let next = if self.stopping.is_cancelled() { None } else { conversation.queue.pop_front() };
        let Some(waiting) = next else {
            conversations.remove(place);
            return None;
        };
        conversation.cancel = self.stopping.child_token();
        Some((waiting, conversation.cancel.clone()))
    }

    /// Stops the turn under way, and takes the messages that wait: `None` when nothing is to be done.
    pub(super) fn interrupt(&self, place: &Place) -> Option<Vec<Letter>> {
        let mut conversations = self.conversations();
        let conversation = conversations.get_mut(place)?;
        conversation.cancel.cancel();
        Some(conversation.queue.drain(..).map(|waiting| waiting.letter).collect())
    }

    /// How many messages wait, if a turn is under way.
    pub(super) fn waiting(&self, place: &Place) -> Option<usize> {
        self.conversations().get(place).map(|conversation| conversation.queue.len())
    }

    /// The message that is next to join the turn under way, if it may.
    pub(super) fn joins(&self, place: &Place, user: &str) -> Option<Letter> {
        let conversations = self.conversations();
        let next = conversations.get(place)?.queue.front()?;
        let may = next.facts.steer == Steer::Join && !next.alone && next.letter.arrival.user == user;
        may.then(|| next.letter.clone())
    }

    /// A message that waits is to be treated by itself.
    pub(super) fn waits_alone(&self, place: &Place, letter: i64) {
        let mut conversations = self.conversations();
        let waiting = conversations.get_mut(place).and_then(|conversation| conversation.queue.front_mut());
        if let Some(waiting) = waiting.filter(|waiting| waiting.letter.number == letter) {
            waiting.alone = true;
        }
    }

    /// Takes the next message out of its mailbox, if it is this one.
    pub(super) fn leaves(&self, place: &Place, letter: i64) -> bool {
        let mut conversations = self.conversations();
        let Some(conversation) = conversations.get_mut(place) else { return false };
        conversation.queue.pop_front_if(|waiting| waiting.letter.number == letter).is_some()
    }

    async fn answer(self: Arc<Self>, waiting: Waiting, place: &Place, cancel: CancellationToken) {
        let Waiting { facts, letter, parked, .. } = waiting;
        let joining =
            Arc::new(Joining { router: Arc::clone(&self), place: place.clone(), given: Mutex::default() });
        let steering = (facts.steer == Steer::Join).then(|| joining.clone() as Arc<dyn Steering>);
        let Arrival { channel, user, text, .. } = letter.arrival.clone();
        let end = match parked {
            Some(context) => {
                let _speaking = self.questions.enter(&context.session, place.clone(), user);
                let turn = context.turn.clone();
                let resumed = self.gateway.resume(context, steering, self.observer(place), cancel);
                self.or_parked(&turn, resumed).await
            }
            None => {
                let turn = TurnId::generate();
                let begun = || -> BoxFuture<'_, _> { Box::pin(self.begun(place, &facts, &letter, &turn)) };
                let session = match self.available(&cancel, begun).await {
                    Ok(Some(session)) => session,
                    Ok(None) => return,
                    Err(_) if cancel.is_cancelled() => {
                        return self.close(&letter, Handled::Failed, None).await;
                    }
                    Err(error) => {
                        return self.close(&letter, Handled::Failed, Some(format!("error: {error}"))).await;
                    }
                };
                let _speaking = self.questions.enter(&session, place.clone(), user.clone());
                let delivery = Delivery {
                    envelope: Envelope { origin: Origin { channel, user }, agent: facts.agent.clone(), text },
                    session: session.clone(),
                    model: None,
                    depth: 0,
                    observer: self.observer(place),
                    cancel,
                };
                let submitted = self.gateway.submit_as(delivery, turn.clone(), steering);
                self.or_parked(&turn, submitted).await
            }
        };
        let Some(end) = end else { return };
        if let Some(lost) = joining.take() {
            self.close(&lost, Handled::Failed, None).await;
        }
        match end {
            TurnEnd::Answered(text) => self.close(&letter, Handled::Done, Some(text)).await,
            TurnEnd::Cancelled if self.stopping.is_cancelled() => {
                self.close(&letter, Handled::Interrupted, Some(INTERRUPTED.into())).await;
            }
            TurnEnd::Cancelled => self.close(&letter, Handled::Failed, None).await,
            TurnEnd::Failed { message, .. } => {
                self.close(&letter, Handled::Failed, Some(format!("error: {message}"))).await;
            }
        }
    }

    /// Begins to answer a message: its session. `None`: somebody else has answered it. Trying again after an
    /// error is safe.
    async fn begun(
        &self,
        place: &Place,
        facts: &ChannelFacts,
        letter: &Letter,
        turn: &TurnId,
    ) -> Result<Option<SessionId>, StoreError> {
        // Asked in one go, before it is known that the message is still to be answered.
        let post = self.outgoing.post();
        let known = post.session(&place.channel, &place.conversation);
        let (begun, known) = tokio::join!(post.begin(letter.number, Some(turn)), known);
        if !begun? {
            return Ok(None);
        }
        match known? {
            Some(session) => Ok(Some(session)),
            None => self.begin(place, &facts.agent).await.map(Some),
        }
    }

    /// The end of a turn. `None`: the program ends, and the turn, which waits for somebody's answer, is
    /// left to the next one.
    async fn or_parked(&self, turn: &TurnId, running: impl Future<Output = TurnOutcome>) -> Option<TurnEnd> {
        let parked = async {
            self.stopping.cancelled().await;
            if !self.questions.park(turn) {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            // Before the turn hears that it is to stop.
            () = parked => None,
            outcome = running => Some(outcome.end),
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
