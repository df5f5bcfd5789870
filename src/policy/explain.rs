//! Why a call would run, or not, without running anything.

use super::{Gate, Policy, fingerprint::fingerprint, refusal, rules::title};
use crate::domain::{
    call::ToolCall,
    rules::{Access, Autonomy},
    tool::ToolSpec,
};
use serde::Serialize;

/// What would become of a call, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What would be done, unless a hook says otherwise.
    pub access: Access,
    /// The rule that decides; `None`: the default, or something other than rules.
    pub rule: Option<String>,
    /// `file:line` of that rule.
    pub location: Option<String>,
    /// The way to the verdict, a sentence each.
    pub steps: Vec<String>,
}

impl Gate {
    /// Explains what would become of `call` when `agent` made it. Asks nobody, runs no hook, stores
    /// nothing; looks up standing approvals.
    pub async fn explain(
        &self,
        call: &ToolCall,
        spec: Option<&ToolSpec>,
        policy: &Policy,
        agent: &str,
    ) -> Explanation {
        let spec = match refusal::malformed(call, spec) {
            Ok(spec) => spec,
            Err(reason) => {
                return Explanation { access: Access::Deny, rule: None, location: None, steps: vec![reason] };
            }
        };
        let decision = policy.decide(call, spec);
        let mut steps = vec![decision.because()];
        let mut access = decision.access;
        if access != Access::Deny {
            steps.push("tool_call hooks of init.lua are asked next; they can change this".into());
        }
        if access == Access::Ask && policy.autonomy == Autonomy::Auto {
            steps.push("autonomy is \"auto\": it runs unasked".into());
            access = Access::Allow;
        } else if access == Access::Ask {
            let granted = self.grants.granted(&fingerprint(agent, &self.workspace, call)).await;
            access = match granted {
                Ok(true) => {
                    steps.push("a standing approval of exactly this call lets it run".into());
                    Access::Allow
                }
                Ok(false) => {
                    steps.push("a person is asked; where nobody can be asked, it is refused".into());
                    Access::Ask
                }
                Err(error) => {
                    steps.push(format!("a person is asked: standing approvals cannot be read ({error})"));
                    Access::Ask
                }
            };
        }
        if let Some(reason) = self.floor.as_ref().and_then(|floor| floor(call)) {
            steps.push(reason);
            access = Access::Deny;
        }
        Explanation {
            access,
            rule: decision.rule.map(|rule| title(&rule.matches)),
            location: decision.rule.map(|rule| rule.location.clone()),
            steps,
        }
    }
}
