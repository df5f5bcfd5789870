//! Agents, asked by scripts.

use crate::{
    app::sessions::SessionsHere,
    domain::{
        BoxFuture,
        cron::CHANNEL,
        envelope::Envelope,
        event::{Observer, TurnEvent},
        id::SessionId,
        outcome::TurnEnd,
        post::Post,
        primitives::{AgentAnswer, Agents, Ask, FailureKind, PrimitiveError},
        store::{Sessions, StoreError},
    },
    gateway::{Delivery, WeakGateway},
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};
use tokio_util::sync::CancellationToken;

/// So many agents may wait for one another.
const MAX_DEPTH: u32 = 4;

/// The agents of this program.
pub(super) struct AgentsHere {
    pub(super) sessions: SessionsHere,
    /// The default agent.
    pub(super) agent: String,
    pub(super) gateway: WeakGateway,
    /// What turns run on.
    pub(super) runtime: tokio::runtime::Handle,
    /// The conversations of jobs that runs of this program are in.
    pub(super) in_use: InUse,
}

/// Conversations that are in use.
pub(in crate::app) type InUse = Arc<Mutex<HashSet<SessionId>>>;

/// A conversation, held as long as somebody is in it.
struct Held {
    session: SessionId,
    held: Option<Hold>,
}

impl Held {
    fn free(session: SessionId) -> Self {
        Self { session, held: None }
    }
}

/// Frees a conversation when it is dropped.
struct Hold(InUse, SessionId);

impl Hold {
    fn of(in_use: &InUse, session: &SessionId) -> Option<Self> {
        let new = in_use.lock().unwrap_or_else(PoisonError::into_inner).insert(session.clone());
        new.then(|| Self(in_use.clone(), session.clone()))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl AgentsHere {
    /// The conversation that the runs of a job have with an agent. Where another run is in it, a new one.
    async fn of_job(&self, job: &str, agent: &str) -> Result<Held, StoreError> {
        let (memory, place) = (&self.sessions.memory, format!("{job}/{agent}"));
        let known = memory.session(CHANNEL, &place).await?;
        if let Some(session) = &known
            && let Some(held) = Hold::of(&self.in_use, session)
            && memory.begin_anew(session).await?
        {
            return Ok(Held { session: session.clone(), held: Some(held) });
        }
        let session = self.sessions.begin(CHANNEL, agent).await?;
        if known.is_none() {
            memory.assign(CHANNEL, &place, &session).await?;
        }
        Ok(Held { held: Hold::of(&self.in_use, &session), session })
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
            let channel = &ask.origin.channel;
            let session = match (&ask.session, &ask.job) {
                (Some(wanted), _) => self.sessions.called(wanted, channel, &agent).await.map(Held::free),
                (None, Some(job)) => self.of_job(job, &agent).await,
                (None, None) => self.sessions.begin(channel, &agent).await.map(Held::free),
            };
            let Held { session, held } = session.map_err(|error| fail(FailureKind::Io, error.to_string()))?;
            let cancel = CancellationToken::new();
            // Whoever asks may go away.
            let _stop = cancel.clone().drop_guard();
            let delivery = Delivery {
                envelope: Envelope { origin: ask.origin, agent, text: ask.text },
                session: session.clone(),
                model: ask.model,
                depth: ask.depth + 1,
                observer: Arc::new(Unwatched),
                cancel: cancel.clone(),
            };
            // On a task of the engine's: a turn that is given up closes properly.
            let turn = self.runtime.spawn(async move {
                let outcome = gateway.submit(delivery).await;
                drop(held);
                outcome
            });
            let outcome = turn.await.map_err(|error| fail(FailureKind::Io, error.to_string()))?;
            match outcome.end {
                TurnEnd::Answered(text) => Ok(AgentAnswer {
                    text,
                    session,
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
