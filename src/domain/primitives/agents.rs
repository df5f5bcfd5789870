//! Agents, asked by scripts.

use super::PrimitiveError;
use crate::domain::{BoxFuture, envelope::Origin, id::SessionId, usage::Usage};

/// A question to an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The agent; `None`: the default one.
    pub agent: Option<String>,
    /// What is said to it.
    pub text: String,
    /// `provider/model` in place of the agent's own.
    pub model: Option<String>,
    /// The conversation to go on with, by name or id; one that isn't there begins under that name.
    /// `None`: a new one, or that of the job.
    pub session: Option<String>,
    /// The job of which a run asks. Its runs share a conversation, and each begins it anew.
    pub job: Option<String>,
    /// In whose name.
    pub origin: Origin,
    /// How many agents already wait for this answer, one for the other.
    pub depth: u32,
}

/// What an agent answered.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentAnswer {
    /// Its words.
    pub text: String,
    /// The conversation.
    pub session: SessionId,
    /// `provider/model` that answered.
    pub model: String,
    /// What it cost.
    pub usage: Usage,
    /// Rounds of tool calls.
    pub rounds: u32,
}

/// Asks agents. Dropping the future stops the turn.
pub trait Agents: Send + Sync {
    /// Runs a turn to its end.
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Result<AgentAnswer, PrimitiveError>>;
}
