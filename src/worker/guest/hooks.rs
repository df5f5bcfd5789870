//! The policy, asked of the engine: neither the rules nor the user's functions are here.

use super::{
    super::protocol::{Asked, Judgement, action},
    link::Link,
};
use crate::domain::{
    BoxFuture,
    approval::{Grant, Grants},
    call::ToolCall,
    hook::{HookVerdict, Hooks, PromptDraft, TurnContext},
    store::StoreError,
};
use std::future::ready;

/// Whom the engine is to its workers' gate.
const ENGINE: &str = "the engine";

/// Asks the engine about each call.
pub(super) struct Judges(pub(super) Link);

impl Judges {
    async fn judge(&self, call: &ToolCall) -> HookVerdict {
        let by = || ENGINE.to_owned();
        match self.0.put(action::JUDGE, &Asked { call: call.clone() }).await {
            Ok(Judgement::Allow { args }) if args == call.args => HookVerdict::Allow { by: by() },
            Ok(Judgement::Allow { args }) => {
                HookVerdict::Rewrite { args, by: by(), then: Box::new(HookVerdict::Allow { by: by() }) }
            }
            Ok(Judgement::Deny { reason }) => HookVerdict::Deny { reason, by: by() },
            Ok(Judgement::Answer { content }) => HookVerdict::Answer { content, by: by() },
            Err(error) => HookVerdict::Deny { reason: error.to_string(), by: by() },
        }
    }
}

impl Hooks for Judges {
    fn prompt<'a>(&'a self, draft: PromptDraft, _: &'a TurnContext) -> BoxFuture<'a, PromptDraft> {
        Box::pin(ready(draft))
    }

    fn tool_call<'a>(&'a self, call: &'a ToolCall, _: &'a TurnContext) -> BoxFuture<'a, HookVerdict> {
        Box::pin(self.judge(call))
    }

    fn emit(&self, _: &'static str, _: serde_json::Value) {}

    fn observes(&self, _: &str) -> bool {
        false
    }
}

/// Nobody allows anything for good here.
pub(super) struct NoGrants;

impl Grants for NoGrants {
    fn granted<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(ready(Ok(false)))
    }

    fn grant(&self, _: Grant) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }
}
