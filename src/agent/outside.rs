//! What tools can do that run without a turn: a script's.

use super::{Agent, account::Account, calls::Caller, parts::Parts};
use crate::{
    domain::{
        BoxFuture,
        call::{ToolCall, ToolResult},
        chat::{ChatError, ChatRequest, ChatResponse, ModelFacts},
        event::{Observer, TurnEvent},
        hook::TurnContext,
        plan::Budget,
        tool::ToolSpec,
    },
    policy::{Elsewhere, Later, Nested, Policy, Verdict},
};
use std::sync::Arc;

/// For whom a script acts.
pub struct Outside {
    parts: Parts,
    policy: Policy,
    context: TurnContext,
    later: Option<Arc<dyn Later>>,
    account: Account,
}

/// Nobody watches.
struct Unwatched;

impl Observer for Unwatched {
    fn observe(&self, _: &TurnEvent) {}

    fn watches(&self) -> bool {
        false
    }
}

impl Agent {
    /// The way to further calls, and to models, for tools that a script runs in the name of
    /// `context`'s agent.
    pub fn outside(
        &self,
        policy: Policy,
        context: TurnContext,
        later: Option<Arc<dyn Later>>,
        budget: Budget,
        model: String,
    ) -> Outside {
        let account = Account { purse: Arc::default(), budget, model };
        Outside { parts: self.parts().clone(), policy, context, later, account }
    }
}

impl Outside {
    fn caller(&self) -> Caller<'_> {
        Caller {
            parts: &self.parts,
            policy: &self.policy,
            context: &self.context,
            observer: &Unwatched,
            later: self.later.as_deref(),
            asked_before: None,
            account: &self.account,
        }
    }
}

impl Nested for Outside {
    fn offered(&self) -> Vec<ToolSpec> {
        self.caller().offered()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, ToolResult> {
        Box::pin(async move { self.caller().call(call).await })
    }

    fn judge<'a>(&'a self, call: ToolCall, elsewhere: &'a Elsewhere) -> BoxFuture<'a, Verdict> {
        Box::pin(async move { self.caller().judge(call, elsewhere).await })
    }

    fn ask<'a>(&'a self, request: ChatRequest<'a>) -> BoxFuture<'a, Result<ChatResponse, ChatError>> {
        Box::pin(async move { self.caller().ask(request).await })
    }

    fn facts(&self, model: &str) -> ModelFacts {
        self.caller().facts(model)
    }

    fn tell(&self, event: TurnEvent) {
        self.caller().tell(event);
    }
}
