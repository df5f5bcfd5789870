//! A configuration that became stricter holds at once, also for turns that began under an older one.

use super::{
    Executor, Gate, Policy, Verdict,
    gate::{Asker, denied},
    refusal,
};
use crate::domain::{
    arguments,
    hook::{HookVerdict, TurnContext},
    rules::{Access, Autonomy},
    tool::ToolSpec,
};
use std::sync::Arc;

/// The configuration in force now, as far as it is another than the one that a turn began with.
pub struct Newer {
    /// Which one it is.
    pub generation: u64,
    /// The tools that it has.
    pub tools: Arc<dyn Executor>,
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

/// What is left of a verdict under what came into force since the turn began.
pub async fn under_newer(
    mut verdict: Verdict,
    later: Option<&dyn Later>,
    spec: Option<&ToolSpec>,
    context: &TurnContext,
) -> Verdict {
    let mut asked = None;
    // While a person was asked, the configuration may have changed once more.
    while let Some(newer) = later.and_then(|later| later.newer(context)) {
        if asked.replace(newer.generation) == Some(newer.generation) {
            break;
        }
        verdict = newer.restrict(verdict, spec, context).await;
    }
    verdict
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
        // It is the old tool that would run, but what it is taken for may have changed.
        let Some(now) = self.tools.specs().iter().find(|now| now.name == spec.name) else {
            let reason = format!("init.lua was changed, and there is no tool {} any more", spec.name);
            return Verdict::Denied { call, reason };
        };
        let decision = policy.decide(&call, now);
        if decision.access == Access::Deny {
            return denied(call, &decision);
        }
        let mut said = self.gate.hooks.tool_call(&call, context).await;
        // The hook has changed the call already when the turn's own configuration asked it.
        while let HookVerdict::Rewrite { args, then, .. } = &mut said
            && arguments::fitted(&spec.parameters, args.clone()) == call.args
        {
            said = *std::mem::replace(then, Box::new(HookVerdict::Pass));
        }
        let asker = match said {
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
