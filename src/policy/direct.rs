//! Calls that no model made: a script's.

use super::{Executor, Gate, Later, Nested, Policy, Scope, Verdict, refusal, under_newer};
use crate::domain::{
    BoxFuture,
    call::{ToolCall, ToolResult, ToolStatus},
    hook::TurnContext,
    tool::ToolSpec,
};
use std::sync::Arc;

impl Gate {
    /// Decides about a call that the user's own script makes in the user's name: it is the user who
    /// acts, so neither rules nor hooks are asked. The floor holds all the same.
    pub fn user_acts(&self, call: ToolCall, spec: Option<&ToolSpec>) -> Verdict {
        match refusal::malformed(&call, spec) {
            Ok(_) => self.pass(call, "the user's own script".into()),
            Err(reason) => Verdict::Denied { call, reason },
        }
    }
}

/// Makes calls for an agent outside the model's own: each passes its policy.
pub struct Direct {
    /// Authorises.
    pub gate: Arc<Gate>,
    /// Runs.
    pub executor: Arc<dyn Executor>,
    /// What the agent may do.
    pub policy: Policy,
    /// Where and for whom.
    pub context: TurnContext,
    /// Tells of a newer configuration.
    pub later: Option<Arc<dyn Later>>,
    /// What tools make further calls through; `None`: this.
    pub within: Option<Arc<dyn Nested>>,
}

impl Nested for Direct {
    fn offered(&self) -> Vec<ToolSpec> {
        self.executor.specs().iter().filter(|spec| self.policy.offers(spec)).cloned().collect()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, ToolResult> {
        Box::pin(async move {
            let spec = self.executor.specs().iter().find(|spec| spec.name == call.name);
            let verdict = self.gate.authorize(call, spec, &self.policy, &self.context).await;
            match under_newer(verdict, self.later.as_deref(), spec, &self.context).await {
                Verdict::Authorized { call, .. } => {
                    let nested = self.within.as_deref().unwrap_or(self);
                    let scope = Scope { context: &self.context, nested };
                    self.executor.execute(call, scope).await
                }
                Verdict::Denied { call, reason } => refusal::refused(&call, spec, &reason),
                Verdict::Answered { call, content, .. } => ToolResult::new(&call, ToolStatus::Ok, content),
            }
        })
    }
}
