//! Messages on their way in and out.

use super::{Ending, Point, object, text};
use crate::domain::hook::{Hooks, TurnContext};
use serde_json::json;

/// A message on its way in, as `message` hooks may change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageDraft {
    /// What was said.
    pub text: String,
    /// The agent that shall answer.
    pub agent: String,
    /// The conversation, by its id; a hook may name another, by name or id.
    pub session: String,
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is answered.
    Go(MessageDraft),
    /// It is answered with these words, without a turn.
    Answer(String),
    /// It is not answered; the text says by which hook, and why.
    Drop(String),
    /// A hook failed, so it is not answered; the text says which hook, and how.
    Failed(String),
}

impl dyn Hooks + '_ {
    /// Threads a message that came in through the `message` hooks. One that fails ends it.
    pub async fn message(&self, draft: MessageDraft, context: &TurnContext) -> Received {
        if !self.hooked(Point::Message) {
            return Received::Go(draft);
        }
        let MessageDraft { text: said, agent, session } = draft;
        let value = object(json!({ "text": said, "agent": agent, "session": session }));
        let mut threaded = self.thread(Point::Message, value, context).await;
        match threaded.ending {
            Some(Ending::Answer { content, .. }) => Received::Answer(content),
            Some(Ending::Drop { reason, by }) if reason.is_empty() => {
                Received::Drop(format!("the message was dropped by the hook at {by}"))
            }
            Some(Ending::Drop { reason, by }) => {
                Received::Drop(format!("the message was dropped: {reason} (by the hook at {by})"))
            }
            Some(Ending::Failed { reason }) => Received::Failed(reason),
            _ => Received::Go(MessageDraft {
                text: text(&mut threaded.value, "text"),
                agent: text(&mut threaded.value, "agent"),
                session: text(&mut threaded.value, "session"),
            }),
        }
    }

    /// Threads a message that leaves for `to` on the channel of `context` through the `outbound`
    /// hooks. `Err`: it does not leave, and why.
    pub async fn outbound(&self, said: String, to: &str, context: &TurnContext) -> Result<String, String> {
        if !self.hooked(Point::Outbound) {
            return Ok(said);
        }
        let value = object(json!({ "text": said, "to": to }));
        let mut threaded = self.thread(Point::Outbound, value, context).await;
        match threaded.ending {
            Some(Ending::Drop { reason, by }) if reason.is_empty() => {
                Err(format!("dropped by the hook at {by}"))
            }
            Some(Ending::Drop { reason, by }) => Err(format!("dropped: {reason} (by the hook at {by})")),
            _ => Ok(text(&mut threaded.value, "text")),
        }
    }
}
