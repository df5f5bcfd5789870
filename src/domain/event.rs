//! What a front (terminal, REPL, socket) is told while a turn runs.

use super::{
    JsonMap,
    call::ToolStatus,
    id::{CallId, SessionId, TurnId},
    usage::Usage,
};
use serde::{Deserialize, Deserializer, Serialize};

/// A step of a turn, in order. Serialised, it is one line of `run --json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TurnEvent {
    /// The turn began.
    Start {
        /// The conversation.
        session: SessionId,
        /// The turn.
        turn: TurnId,
        /// The model that will be asked first.
        model: String,
    },
    /// A piece of the answer.
    Text {
        /// To be appended to what came before.
        delta: String,
    },
    /// A piece of the model's reasoning.
    Reasoning {
        /// To be appended to what came before.
        delta: String,
    },
    /// The text since the last tool round is void: the call is made again.
    Restart {
        /// Why.
        reason: String,
    },
    /// A tool call was taken up: it runs now, or is about to be reported as refused.
    ToolStart {
        /// The call.
        id: CallId,
        /// The tool.
        name: String,
        /// Its arguments.
        args: JsonMap,
    },
    /// A tool call ended, or was refused.
    ToolEnd {
        /// The call.
        id: CallId,
        /// The tool.
        name: String,
        /// How it ended.
        status: ToolStatus,
        /// What the model reads.
        content: String,
        /// Facts: exit code and so on.
        meta: JsonMap,
        /// Milliseconds from the decision to run it to its end.
        duration_ms: u64,
    },
    /// A remark of the engine's for the person.
    Notice {
        /// The remark.
        text: String,
    },
    /// The turn ended with an answer.
    Done {
        /// The conversation.
        session: SessionId,
        /// The turn.
        turn: TurnId,
        /// The whole last text.
        text: String,
        /// The model that gave it.
        model: String,
        /// What the turn cost.
        usage: Usage,
        /// How many rounds of tool calls there were.
        rounds: u32,
    },
    /// The turn ended without one.
    Failed {
        /// The conversation.
        session: SessionId,
        /// The turn.
        turn: TurnId,
        /// Why, for a person to read.
        error: String,
        /// `cancelled`, `model`, `budget`, `loop`, `storage`, `hook` or `config`.
        #[serde(deserialize_with = "failure")]
        kind: Failure,
        /// What the turn cost so far.
        usage: Usage,
    },
}

/// The word for a way to fail.
type Failure = &'static str;

/// The words that events use; what comes from elsewhere and is none of them is `other`.
const FAILURES: &[Failure] = &["cancelled", "model", "budget", "loop", "storage", "hook", "config"];

fn failure<'de, D: Deserializer<'de>>(from: D) -> Result<Failure, D::Error> {
    let word = String::deserialize(from)?;
    Ok(FAILURES.iter().copied().find(|known| *known == word).unwrap_or("other"))
}

/// Takes the events of a turn. Called from the turn's own task: must not block.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn observe(&self, event: &TurnEvent);

    /// Whether anybody sees it.
    fn watches(&self) -> bool {
        true
    }
}
