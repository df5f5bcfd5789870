//! What specs act on: the engine of one `it`, with stand-ins for everything that leaves the process.

use super::PrimitiveError;
use crate::domain::{
    BoxFuture, call::ToolCall, envelope::Origin, event::TurnEvent, hook::TurnContext, id::SessionId,
    outcome::TurnOutcome, rules::Access,
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

/// The engine of one `it`.
pub trait Stage: Send + Sync {
    /// Runs a turn to its end.
    fn turn(&self, said: Said) -> BoxFuture<'_, Result<Heard, PrimitiveError>>;

    /// Where and for whom something happens that no turn is: for `origin`, by `agent` or the default one.
    fn context(&self, origin: Origin, agent: Option<String>) -> TurnContext;

    /// Decides about a call of the agent of `context`. Nothing runs, and nobody is asked.
    fn judge<'a>(
        &'a self,
        call: ToolCall,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Result<Judgement, PrimitiveError>>;
}
