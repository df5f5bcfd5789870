//! Who decides about a call that a person would be asked about.

use super::{Ending, Point, object};
use crate::domain::{
    call::ToolCall,
    hook::{Hooks, TurnContext},
};
use serde_json::json;
use std::time::Duration;

/// What the `approval` hooks say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decider {
    /// Whoever is asked usually.
    Usual,
    /// One of these people.
    People {
        /// Their addresses, `channel:person`.
        to: Vec<String>,
        /// How long the answer may take.
        timeout: Option<Duration>,
    },
    /// The hook decided: the call may run.
    Allow {
        /// Which hook.
        by: String,
    },
    /// The hook decided: it may not.
    Deny {
        /// Why.
        reason: String,
        /// Which hook.
        by: String,
    },
}

impl dyn Hooks + '_ {
    /// Asks the `approval` hooks who decides about `call`. `because` says why a person is asked.
    pub async fn approval(&self, call: &ToolCall, because: &str, context: &TurnContext) -> Decider {
        if !self.hooked(Point::Approval) {
            return Decider::Usual;
        }
        let value = object(json!({ "name": call.name, "args": call.args, "reason": because }));
        match self.thread(Point::Approval, value, context).await.ending {
            Some(Ending::Allow { by }) => Decider::Allow { by },
            Some(Ending::Deny { reason, by }) => Decider::Deny { reason, by },
            Some(Ending::Ask { to, timeout, .. }) if !to.is_empty() => Decider::People { to, timeout },
            _ => Decider::Usual,
        }
    }
}
