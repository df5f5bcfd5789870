//! What a turn that is taken up again knows of its past, read off its messages.

use super::guard::LoopGuard;
use crate::domain::{call::ToolCall, message::Message};

/// What happened before.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) rounds: u32,
    pub(super) guard: LoopGuard,
}

impl Past {
    /// Of the messages of one turn.
    pub(super) fn of<'a>(messages: impl Iterator<Item = &'a Message>) -> Self {
        let mut past = Self::default();
        let mut calls: Vec<ToolCall> = vec![];
        for message in messages {
            match message {
                Message::Assistant(said) if !said.calls.is_empty() => {
                    past.rounds += 1;
                    calls.clone_from(&said.calls);
                }
                Message::Tool(result) => {
                    if let Some(call) = calls.iter().find(|call| call.id == result.call_id) {
                        past.guard.record(call, result);
                    }
                }
                _ => {}
            }
        }
        past
    }
}
