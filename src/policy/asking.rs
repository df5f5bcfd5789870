//! Asking about a call: who decides, and what they say. The observers hear of both.

use super::Gate;
use crate::domain::{
    approval::{Approval, ApprovalRequest},
    points::Decider,
};
use serde_json::json;
use std::time::Duration;

/// What came of asking.
pub(super) enum Answer {
    /// A person answered.
    Person(Approval),
    /// A hook decided in a person's place that the call may run.
    Allowed(String),
    /// It may not run, and why: a hook decided, or the person who was to be asked did not answer.
    Refused(String),
    /// There is nobody to ask.
    Nobody,
}

impl Gate {
    /// Has somebody decide about a call. `whom`: the address of the person who was named by whoever
    /// asks, and how long the answer may take.
    pub(super) async fn answer(
        &self,
        request: &ApprovalRequest,
        whom: Option<(String, Option<Duration>)>,
    ) -> Answer {
        let ApprovalRequest { call, context, reason } = request;
        let whom = match whom {
            Some(whom) => Some(whom),
            None => match self.hooks.approval(call, reason, context).await {
                Decider::Usual => self.approver.speaker(context).map(|to| (to, None)),
                Decider::Person { to, timeout } => Some((to, timeout)),
                Decider::Allow { by } => {
                    return self.decided(request, Answer::Allowed(format!("the hook at {by} allows")));
                }
                Decider::Deny { reason, by } => {
                    let reason = format!("{reason} (denied by the hook at {by})");
                    return self.decided(request, Answer::Refused(reason));
                }
            },
        };
        let to = whom.as_ref().map(|(to, _)| to.as_str());
        self.hooks.tell(
            context,
            "approval.asked",
            || json!({ "id": call.id, "name": call.name, "args": call.args, "reason": reason, "to": to }),
        );
        let answer = match &whom {
            None => self.approver.ask(request).await.map_or(Answer::Nobody, Answer::Person),
            Some((to, timeout)) => match self.approver.refer(request, to, *timeout).await {
                Ok(answer) => Answer::Person(answer),
                Err(why) => Answer::Refused(format!("a person would have to allow this ({reason}): {why}")),
            },
        };
        self.decided(request, answer)
    }

    fn decided(&self, request: &ApprovalRequest, answer: Answer) -> Answer {
        let ApprovalRequest { call, context, .. } = request;
        self.hooks.tell(context, "approval.decided", || {
            let (approved, by) = match &answer {
                Answer::Person(Approval::Yes) => (true, "the person said yes"),
                Answer::Person(Approval::Always) => (true, "the person said always"),
                Answer::Person(Approval::No) => (false, "the person said no"),
                Answer::Nobody => (false, "nobody can be asked"),
                Answer::Allowed(because) | Answer::Refused(because) => {
                    (matches!(answer, Answer::Allowed(_)), because.as_str())
                }
            };
            json!({ "id": call.id, "name": call.name, "approved": approved, "because": by })
        });
        answer
    }
}
