//! The in-process door: an envelope goes in, a turn runs, its events come out.
//!
//! Every front hands its messages in here, so that all of them get the same treatment.

mod roster;

pub use roster::{AgentEntry, PromptSource, Roster};

use crate::{
    agent::{Agent, TurnInput, TurnLimits},
    domain::{
        envelope::Envelope,
        event::{Observer, TurnEvent},
        hook::TurnContext,
        id::{SessionId, TurnId},
        outcome::{TurnEnd, TurnOutcome},
        usage::Usage,
    },
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Takes messages and has them answered.
pub struct Gateway {
    agent: Agent,
    roster: Roster,
    limits: TurnLimits,
}

/// How one message is to be treated.
pub struct Delivery {
    /// The message.
    pub envelope: Envelope,
    /// The conversation that it belongs to.
    pub session: SessionId,
    /// `provider/model` in place of the agent's own.
    pub model: Option<String>,
    /// Is told of everything.
    pub observer: Arc<dyn Observer>,
    /// Stops the turn.
    pub cancel: CancellationToken,
}

impl Gateway {
    /// A door to the agents of `roster`.
    pub fn new(agent: Agent, roster: Roster, limits: TurnLimits) -> Self {
        Self { agent, roster, limits }
    }

    /// The agents that there are.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Answers a message. The last event is `Done` or `Failed`.
    pub async fn submit(&self, delivery: Delivery) -> TurnOutcome {
        let Delivery { envelope, session, model, observer, cancel } = delivery;
        let Envelope { origin, agent, text } = envelope;
        let context = TurnContext { session, turn: TurnId::generate(), agent, origin };
        let entry = match self.roster.get(&context.agent) {
            Ok(entry) => entry,
            Err(message) => return refused(&context, message, &*observer),
        };
        let prompt = match entry.prompt.text(&context).await {
            Ok(prompt) => prompt,
            Err(message) => return refused(&context, message, &*observer),
        };
        let input = TurnInput {
            context,
            text,
            model: model.unwrap_or_else(|| entry.model.clone()),
            prompt,
            policy: entry.policy.clone(),
            budget: entry.budget,
            limits: self.limits,
            observer,
            cancel,
        };
        self.agent.turn(input).await
    }
}

/// A turn that could not begin because of the configuration.
fn refused(context: &TurnContext, message: String, observer: &dyn Observer) -> TurnOutcome {
    observer.observe(&TurnEvent::Failed {
        session: context.session.clone(),
        turn: context.turn.clone(),
        error: message.clone(),
        kind: "config",
        usage: Usage::default(),
    });
    TurnOutcome {
        end: TurnEnd::Failed { kind: "config", message },
        usage: Usage::default(),
        rounds: 0,
        model: String::new(),
    }
}
