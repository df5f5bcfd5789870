//! Notices a model that goes in circles.

use crate::domain::call::{ToolCall, ToolResult, ToolStatus};
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

/// So many identical calls with identical results bring a hint.
pub(super) const HINT_AFTER: u32 = 3;
/// So many end the tool rounds.
pub(super) const STOP_AFTER: u32 = 5;
/// So many refusals in a row bring a hint.
pub(super) const DENIALS_BEFORE_HINT: u32 = 3;

/// What the guard makes of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Advice {
    /// Nothing unusual.
    GoOn,
    /// The model keeps asking for what it is refused.
    Denied,
    /// The same call gave the same result again.
    Repeats,
    /// Enough: no more tools in this turn.
    Stop,
}

/// Counts identical (call, result) pairs within a turn.
#[derive(Debug, Default)]
pub(super) struct LoopGuard {
    seen: HashMap<u64, u32>,
    denials: u32,
}

impl LoopGuard {
    /// Takes note of a result.
    pub(super) fn record(&mut self, call: &ToolCall, result: &ToolResult) -> Advice {
        let mut hasher = DefaultHasher::new();
        call.name.hash(&mut hasher);
        // Maps serialise in key order, so equal arguments hash alike.
        serde_json::Value::Object(call.args.clone()).to_string().hash(&mut hasher);
        call.invalid.hash(&mut hasher);
        result.content.hash(&mut hasher);
        let count = self.seen.entry(hasher.finish()).or_default();
        *count += 1;
        let count = *count;

        if result.status == ToolStatus::Denied {
            self.denials += 1;
        } else {
            self.denials = 0;
        }
        if count >= STOP_AFTER {
            Advice::Stop
        } else if count == HINT_AFTER {
            Advice::Repeats
        } else if self.denials == DENIALS_BEFORE_HINT {
            Advice::Denied
        } else {
            Advice::GoOn
        }
    }
}
