//! A configuration that became stricter holds at once, also for turns that began under an older one.

use super::{
    Gate, Policy, Verdict,
    gate::{Asker, denied},
    refusal,
};
use crate::domain::{
    hook::{HookVerdict, TurnContext},
    rules::{Access, Autonomy},
    tool::ToolSpec,
};
use std::sync::Arc;

/// The configuration in force now, as far as it is another than the one that a turn began with.
pub struct Newer {
    /// Its gate: its hooks and its floor.
    pub gate: Arc<Gate>,
    /// What it lets the agent do; `None`: the agent is gone.
    pub policy: Option<Policy>,
}

/// Tells a turn of a newer configuration.
pub trait Later: Send + Sync {
    /// The configuration in force, if it is a newer one than the turn's.
    fn newer(&self, context: &TurnContext) -> Option<Newer>;
}

impl Newer {
    /// What is left of a verdict of an older configuration: this one can only take away. A person
    /// who has said yes to the call is not asked again.
    pub async fn restrict(
        &self,
        verdict: Verdict,
        spec: Option<&ToolSpec>,
        context: &TurnContext,
    ) -> Verdict {
        let Verdict::Authorized { call, because, approved } = verdict else { return verdict };
        let call = call.into_inner();
        let Some(policy) = &self.policy else {
            let reason = format!("the agent {:?} is no longer declared in init.lua", context.agent);
            return Verdict::Denied { call, reason };
        };
        let spec = match refusal::malformed(&call, spec) {
            Ok(spec) => spec,
            Err(reason) => return Verdict::Denied { call, reason },
        };
        let decision = policy.decide(&call, spec);
        if decision.access == Access::Deny {
            return denied(call, &decision);
        }
        let asker = match self.gate.hooks.tool_call(&call, context).await {
            HookVerdict::Deny { reason, by } => {
                return Verdict::Denied { call, reason: format!("{reason} (denied by the hook at {by})") };
            }
            HookVerdict::Answer { by, .. } | HookVerdict::Rewrite { by, .. } => {
                let reason =
                    format!("init.lua was changed, and the hook at {by} no longer lets this call pass");
                return Verdict::Denied { call, reason };
            }
            HookVerdict::Ask { to, timeout, by } => Some(Asker::Hook { by, to, timeout }),
            HookVerdict::Allow { .. } => None,
            HookVerdict::Pass if decision.access == Access::Ask && policy.autonomy == Autonomy::Ask => {
                Some(Asker::Rule(decision.because()))
            }
            HookVerdict::Pass => None,
        };
        match asker {
            Some(asker) if !approved => self.gate.ask(call, asker, policy, context).await,
            _ => {
                let mut verdict = self.gate.pass(call, because);
                if let Verdict::Authorized { approved: said, .. } = &mut verdict {
                    *said = approved;
                }
                verdict
            }
        }
    }
}
