//! A message on its way to an answer.

use super::{Delivery, Gateway, Setup};
use crate::{
    agent::TurnInput,
    domain::{
        envelope::Envelope,
        event::{Observer, TurnEvent},
        hook::TurnContext,
        id::TurnId,
        outcome::{TurnEnd, TurnOutcome},
        points::{MessageDraft, Received},
        steering::Steering,
        usage::Usage,
    },
};
use serde_json::json;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

impl Gateway {
    /// Answers a message. The last event is `Done` or `Failed`. A message that a `message` hook
    /// drops is answered with an empty text.
    pub async fn submit(&self, delivery: Delivery) -> TurnOutcome {
        self.submit_as(delivery, TurnId::generate(), None).await
    }

    /// The same, in a turn of this id, which messages may join.
    pub(super) async fn submit_as(
        &self,
        delivery: Delivery,
        turn: TurnId,
        steering: Option<Arc<dyn Steering>>,
    ) -> TurnOutcome {
        // Held until the turn has ended: its functions live as long.
        let setup = self.current();
        let Delivery { envelope, session, model, depth, observer, cancel } = delivery;
        let Envelope { origin, agent, text } = envelope;
        let mut context = TurnContext { session, turn, agent, origin, depth };
        let text = match hooked(&setup, text, &mut context, &*observer).await {
            Ok(text) => text,
            Err(outcome) => return outcome,
        };
        match self.input(&setup, context, text, model, observer, cancel).await {
            Ok(input) => setup.agent.turn(TurnInput { steering, ..input }).await,
            Err(outcome) => outcome,
        }
    }

    /// Goes on with a turn that an earlier program began and that waits for somebody's answer to a
    /// question, under the configuration in force now.
    pub(super) async fn resume(
        &self,
        context: TurnContext,
        steering: Option<Arc<dyn Steering>>,
        observer: Arc<dyn Observer>,
        cancel: CancellationToken,
    ) -> TurnOutcome {
        let setup = self.current();
        match self.input(&setup, context.clone(), String::new(), None, observer, cancel).await {
            Ok(input) => setup.agent.resume(TurnInput { steering, ..input }).await,
            Err(outcome) => {
                if let Err(error) = setup.agent.abandon(&context).await {
                    tracing::error!(%error, "a turn that cannot go on could not be closed");
                }
                outcome
            }
        }
    }

    /// What a turn begins with, or its end where it can't.
    async fn input(
        &self,
        setup: &Arc<Setup>,
        context: TurnContext,
        text: String,
        model: Option<String>,
        observer: Arc<dyn Observer>,
        cancel: CancellationToken,
    ) -> Result<TurnInput, TurnOutcome> {
        let refused = |message| failed(setup, &context, "config", message, &*observer);
        let entry = setup.roster.get(&context.agent).map_err(refused)?;
        let (prompt, has_skills) = entry.system(&context).await.map_err(refused)?;
        Ok(TurnInput {
            policy: setup.policy(entry, &context.origin).idling(if has_skills { &[] } else { SKILL_TOOLS }),
            context,
            text,
            model: model.unwrap_or_else(|| entry.model.clone()),
            prompt,
            budget: entry.budget,
            limits: setup.limits,
            observer,
            steering: None,
            later: Some(self.later(setup)),
            cancel,
        })
    }
}

/// What an agent without skills has no use for.
const SKILL_TOOLS: &[&str] = &["skill.load", "skill.run"];

/// Lets the `message` hooks see a message; the text that is left of it. They may send it to another
/// agent or conversation, or end the matter.
async fn hooked(
    setup: &Setup,
    text: String,
    context: &mut TurnContext,
    observer: &dyn Observer,
) -> Result<String, TurnOutcome> {
    let draft =
        MessageDraft { text, agent: context.agent.clone(), session: context.session.as_str().to_owned() };
    match setup.hooks.message(draft, context).await {
        Received::Go(MessageDraft { text, agent, session }) => {
            context.agent = agent;
            if session != context.session.as_str() {
                let found = setup.sessions.called(&session, &context.origin.channel, &context.agent).await;
                context.session = match found {
                    Ok(session) => session,
                    Err(error) => return Err(failed(setup, context, "storage", error.to_string(), observer)),
                };
            }
            Ok(text)
        }
        Received::Answer(text) => {
            observer.observe(&TurnEvent::Text { delta: text.clone() });
            Err(answered(context, text, observer))
        }
        Received::Drop(why) => {
            observer.observe(&TurnEvent::Notice { text: why });
            Err(answered(context, String::new(), observer))
        }
        Received::Failed(why) => {
            let message = format!("{why}; the message was not answered");
            Err(failed(setup, context, "hook", message, observer))
        }
    }
}

/// The end of a message that a hook answered.
fn answered(context: &TurnContext, text: String, observer: &dyn Observer) -> TurnOutcome {
    let (usage, rounds, model) = (Usage::default(), 0, String::new());
    observer.observe(&TurnEvent::Done {
        session: context.session.clone(),
        turn: context.turn.clone(),
        text: text.clone(),
        model: model.clone(),
        usage,
        rounds,
    });
    TurnOutcome { end: TurnEnd::Answered(text), usage, rounds, model }
}

/// A turn that could not begin.
fn failed(
    setup: &Setup,
    context: &TurnContext,
    kind: &'static str,
    message: String,
    observer: &dyn Observer,
) -> TurnOutcome {
    let usage = Usage::default();
    setup.hooks.tell(context, "error", || json!({ "kind": kind, "message": message }));
    observer.observe(&TurnEvent::Failed {
        session: context.session.clone(),
        turn: context.turn.clone(),
        error: message.clone(),
        kind,
        usage,
    });
    TurnOutcome { end: TurnEnd::Failed { kind, message }, usage, rounds: 0, model: String::new() }
}
