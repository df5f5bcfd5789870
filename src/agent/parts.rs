//! What an agent is made of, and what a turn begins with.

use super::machine::TurnLimits;
use crate::{
    domain::{
        chat::LlmProvider,
        event::Observer,
        hook::{Hooks, TurnContext},
        plan::Budget,
        steering::Steering,
        store::TurnStore,
    },
    policy::{Executor, Gate, Later, Policy},
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What an agent works with.
#[derive(Clone)]
pub struct Parts {
    /// Answers.
    pub llm: Arc<dyn LlmProvider>,
    /// Remembers.
    pub store: Arc<dyn TurnStore>,
    /// Runs what is authorised.
    pub executor: Arc<dyn Executor>,
    /// Authorises.
    pub gate: Arc<Gate>,
    /// The user's functions.
    pub hooks: Arc<dyn Hooks>,
}

/// One message to be answered.
pub struct TurnInput {
    /// Where, and for whom.
    pub context: TurnContext,
    /// What was said.
    pub text: String,
    /// `provider/model`; empty: the default.
    pub model: String,
    /// The system prompt, before the hooks.
    pub prompt: String,
    /// What the agent may do.
    pub policy: Policy,
    /// What it may spend.
    pub budget: Budget,
    /// What bounds the turn.
    pub limits: TurnLimits,
    /// Is told of everything.
    pub observer: Arc<dyn Observer>,
    /// Messages that may join it.
    pub steering: Option<Arc<dyn Steering>>,
    /// Tells of a newer configuration.
    pub later: Option<Arc<dyn Later>>,
    /// Stops the turn.
    pub cancel: CancellationToken,
}
