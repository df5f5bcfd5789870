//! The port through which a user's functions take part in a turn.

use super::{
    BoxFuture, JsonMap,
    call::ToolCall,
    envelope::Origin,
    id::{SessionId, TurnId},
    points::{Point, Threaded},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where and for whom something happens. Part of every payload that a handler gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnContext {
    /// The conversation.
    pub session: SessionId,
    /// The turn.
    pub turn: TurnId,
    /// The agent's name.
    pub agent: String,
    /// Who speaks, and through what.
    #[serde(flatten)]
    pub origin: Origin,
    /// How many turns wait for this one to end: a script asked its agent.
    #[serde(default, skip_serializing)]
    pub depth: u32,
}

/// The value that threads through `prompt` hooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptDraft {
    /// The system prompt so far.
    pub system: String,
}

/// What the `tool_call` hooks say to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum HookVerdict {
    /// No hook had an opinion.
    Pass,
    /// Run it without asking, whatever the rules ask. Rules that deny still deny.
    Allow {
        /// `file:line` of the hook.
        by: String,
    },
    /// Ask a person first.
    Ask {
        /// Whom, each as `channel:person`; none: whoever is there.
        to: Vec<String>,
        /// How long the answer may take.
        timeout: Option<Duration>,
        /// `file:line` of the hook.
        by: String,
    },
    /// Don't run it.
    Deny {
        /// What the model and the user are told.
        reason: String,
        /// `file:line` of the hook.
        by: String,
    },
    /// Don't run it: this is its result.
    Answer {
        /// What the model reads.
        content: String,
        /// `file:line` of the hook.
        by: String,
    },
    /// Go on with these arguments instead.
    Rewrite {
        /// The new arguments; checked against the rules like the old.
        args: JsonMap,
        /// `file:line` of the hook.
        by: String,
        /// What the hooks after it say, asked with the new arguments. Each hook is asked once, so
        /// that one which adds to the arguments does not add again.
        then: Box<Self>,
    },
}

/// A hook whose opinion cannot be told without running it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unclear {
    /// `file:line` of the hook.
    pub location: String,
    /// What it wanted to call, such as `pista.system.run`.
    pub wants: String,
}

/// A user's functions, wherever they live.
pub trait Hooks: Send + Sync {
    /// Threads the prompt through the `prompt` hooks. A hook that fails leaves it as it was.
    fn prompt<'a>(&'a self, draft: PromptDraft, context: &'a TurnContext) -> BoxFuture<'a, PromptDraft>;

    /// Asks the `tool_call` hooks. A hook that fails, or is late, denies.
    fn tool_call<'a>(&'a self, call: &'a ToolCall, context: &'a TurnContext) -> BoxFuture<'a, HookVerdict>;

    /// Whether there are hooks at `point`, so that what nobody takes part in costs nothing.
    fn hooked(&self, _point: Point) -> bool {
        false
    }

    /// Threads `value` through the hooks at `point`; see [`points`](super::points) for what each is
    /// about, and for functions that are easier to use.
    fn thread<'a>(
        &'a self,
        _point: Point,
        value: JsonMap,
        _context: &'a TurnContext,
    ) -> BoxFuture<'a, Threaded> {
        Box::pin(std::future::ready(Threaded { value, ending: None }))
    }

    /// Tells the observers of `event`, without waiting for them.
    fn emit(&self, event: &'static str, payload: serde_json::Value);

    /// Whether anything observes `event`, so that payloads nobody reads aren't built.
    fn observes(&self, event: &str) -> bool;
}

impl dyn Hooks + '_ {
    /// Tells the observers of `event`, with the context in the payload, if there are any.
    pub fn tell(
        &self,
        context: &TurnContext,
        event: &'static str,
        payload: impl FnOnce() -> serde_json::Value,
    ) {
        if !self.observes(event) {
            return;
        }
        let mut payload = payload();
        if let (Some(map), Ok(serde_json::Value::Object(context))) =
            (payload.as_object_mut(), serde_json::to_value(context))
        {
            map.extend(context);
        }
        self.emit(event, payload);
    }
}

/// Hooks of someone who has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {
    fn prompt<'a>(&'a self, draft: PromptDraft, _: &'a TurnContext) -> BoxFuture<'a, PromptDraft> {
        Box::pin(std::future::ready(draft))
    }

    fn tool_call<'a>(&'a self, _: &'a ToolCall, _: &'a TurnContext) -> BoxFuture<'a, HookVerdict> {
        Box::pin(std::future::ready(HookVerdict::Pass))
    }

    fn emit(&self, _: &'static str, _: serde_json::Value) {}

    fn observes(&self, _: &str) -> bool {
        false
    }
}
