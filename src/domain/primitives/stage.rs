//! What specs act on: the engine of one `it`, with stand-ins for everything that leaves the process.

use super::PrimitiveError;
use crate::domain::{
    BoxFuture,
    call::ToolCall,
    envelope::Origin,
    event::TurnEvent,
    hook::TurnContext,
    id::SessionId,
    outcome::TurnOutcome,
    post::{Arrival, Receipt},
    rules::Access,
};

/// Something that a person says in a spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Who says it, and through what.
    pub origin: Origin,
    /// The agent; `None`: the default one.
    pub agent: Option<String>,
    /// The conversation, by name or id; one that isn't there begins under that name. `None`: a new one.
    pub session: Option<String>,
    /// The words.
    pub text: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The conversation.
    pub session: SessionId,
    /// How the turn ended.
    pub outcome: TurnOutcome,
    /// Everything on the way.
    pub events: Vec<TurnEvent>,
}

/// What would become of a call, hooks included.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Whether it would run, be asked about, or be refused.
    pub access: Access,
    /// The rule that decides, where one does.
    pub rule: Option<String>,
    /// `file:line` of that rule.
    pub location: Option<String>,
    /// Why, for a person to read.
    pub because: String,
}

/// A message that left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its address: `channel:conversation`.
    pub to: String,
    /// What it says.
    pub text: String,
}

/// How a job ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// `ok`, `failed`, `timeout` or `skipped`.
    pub outcome: &'static str,
    /// What it gave.
    pub text: Option<String>,
    /// Why it did not go well, or was not delivered.
    pub error: Option<String>,
}

/// The engine of one `it`.
pub trait Stage: Send + Sync {
    /// Runs a turn to its end.
    fn turn(&self, said: Said) -> BoxFuture<'_, Result<Heard, PrimitiveError>>;

    /// Where and for whom something happens that no turn is: for `origin`, by `agent` or the default one.
    fn context(&self, origin: Origin, agent: Option<String>) -> TurnContext;

    /// Runs a command of the configuration's own; its text, or why there is none.
    fn command<'a>(
        &'a self,
        name: &'a str,
        typed: &'a str,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Result<Result<String, String>, PrimitiveError>>;

    /// Hands in a message by a channel, and waits until it is answered.
    fn receive(&self, arrival: Arrival) -> BoxFuture<'_, Result<Receipt, PrimitiveError>>;

    /// Runs a job as if it were this time, in milliseconds since 1970 (UTC).
    fn job<'a>(&'a self, name: &'a str, at_ms: i64) -> BoxFuture<'a, Result<JobEnd, PrimitiveError>>;

    /// When a job is due after a time, both in milliseconds since 1970 (UTC).
    fn next_run(&self, name: &str, after_ms: i64) -> Result<Option<i64>, PrimitiveError>;

    /// All messages that left, those that wait to be delivered as well.
    fn sent(&self) -> BoxFuture<'_, Result<Vec<Left>, PrimitiveError>>;

    /// Decides about a call of the agent of `context`. Nothing runs, and nobody is asked.
    fn judge<'a>(
        &'a self,
        call: ToolCall,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Result<Judgement, PrimitiveError>>;
}
