//! How a turn ended.

use super::usage::Usage;

/// The end of a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnOutcome {
    /// What came of it.
    pub end: TurnEnd,
    /// What it cost.
    pub usage: Usage,
    /// Rounds of tool calls.
    pub rounds: u32,
    /// `provider/model` of the last answer; empty when there was none.
    pub model: String,
}

/// What came of a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum TurnEnd {
    /// The model's closing text.
    Answered(String),
    /// The person, or the program's end, stopped it.
    Cancelled,
    /// It could not go on.
    Failed {
        /// `model`, `budget`, `loop`, `storage`, `hook` or `config`.
        kind: &'static str,
        /// For a person to read.
        message: String,
    },
}
