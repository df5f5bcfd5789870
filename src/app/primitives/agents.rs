//! Agents, asked by scripts.

use crate::{
    domain::{
        BoxFuture,
        envelope::Envelope,
        event::{Observer, TurnEvent},
        outcome::TurnEnd,
        primitives::{AgentAnswer, Agents, Ask, FailureKind, PrimitiveError},
        store::{Session, StoreError},
    },
    gateway::{Delivery, WeakGateway},
    memory::{Memory, NewSession},
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// So many agents may wait for one another.
const MAX_DEPTH: u32 = 4;

/// The agents of this program.
pub(super) struct AgentsHere {
    pub(super) memory: Memory,
    /// The default agent.
    pub(super) agent: String,
    pub(super) workspace: String,
    pub(super) gateway: WeakGateway,
    /// What turns run on.
    pub(super) runtime: tokio::runtime::Handle,
}

impl AgentsHere {
    async fn session(&self, ask: &Ask, agent: &str) -> Result<Session, StoreError> {
        let new = |name: Option<&str>| NewSession {
            name: name.map(str::to_owned),
            channel: ask.origin.channel.clone(),
            agent: agent.to_owned(),
            workspace: self.workspace.clone(),
        };
        match &ask.session {
            None => self.memory.create_session(new(None)).await,
            Some(wanted) => match self.memory.find_session(wanted).await {
                Err(StoreError::NoSession(_)) => self.memory.create_session(new(Some(wanted))).await,
                found => found,
            },
        }
    }
}

/// Nobody watches: the answer is taken at the end.
struct Unwatched;

impl Observer for Unwatched {
    fn observe(&self, _: &TurnEvent) {}
}

impl Agents for AgentsHere {
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Result<AgentAnswer, PrimitiveError>> {
        Box::pin(async move {
            let fail = |kind, message: String| PrimitiveError::new(kind, message);
            if ask.depth >= MAX_DEPTH {
                let message = format!("{MAX_DEPTH} agents wait for one another already");
                return Err(fail(FailureKind::Denied, message));
            }
            let gateway = self
                .gateway
                .upgrade()
                .ok_or_else(|| fail(FailureKind::Cancelled, "the program is ending".into()))?;
            let agent = ask.agent.clone().unwrap_or_else(|| self.agent.clone());
            let session =
                self.session(&ask, &agent).await.map_err(|error| fail(FailureKind::Io, error.to_string()))?;
            let cancel = CancellationToken::new();
            // Whoever asks may go away.
            let _stop = cancel.clone().drop_guard();
            let delivery = Delivery {
                envelope: Envelope { origin: ask.origin, agent, text: ask.text },
                session: session.id.clone(),
                model: ask.model,
                depth: ask.depth + 1,
                observer: Arc::new(Unwatched),
                cancel: cancel.clone(),
            };
            // On a task of the engine's: a turn that is given up closes properly.
            let turn = self.runtime.spawn(async move { gateway.submit(delivery).await });
            let outcome = turn.await.map_err(|error| fail(FailureKind::Io, error.to_string()))?;
            match outcome.end {
                TurnEnd::Answered(text) => Ok(AgentAnswer {
                    text,
                    session: session.id,
                    model: outcome.model,
                    usage: outcome.usage,
                    rounds: outcome.rounds,
                }),
                TurnEnd::Cancelled => Err(fail(FailureKind::Cancelled, "the turn was cancelled".into())),
                TurnEnd::Failed { message, .. } => Err(fail(FailureKind::Model, message)),
            }
        })
    }
}
