//! Asking about a call: who decides, and what they say. The observers hear of both.

use super::Gate;
use crate::domain::{
    approval::{Approval, ApprovalRequest, Approvers, Ruling},
    points::Decider,
};
use serde_json::json;
use std::time::Duration;

/// What came of asking.
pub(super) enum Answer {
    /// A person answered.
    Person(Ruling),
    /// A hook decided in a person's place that the call may run.
    Allowed(String),
    /// It may not run, and why: a hook decided, or the person who was to be asked did not answer.
    Refused(String),
    /// There is nobody to ask.
    Nobody,
}

impl Gate {
    /// Has somebody decide about a call: the people whose addresses are given, or else whoever is asked
    /// usually. `limit`: how long the answer may take.
    pub(super) async fn answer(
        &self,
        request: &ApprovalRequest,
        people: Vec<String>,
        limit: Option<Duration>,
    ) -> Answer {
        let ApprovalRequest { call, context, reason } = request;
        let whom = match people.is_empty() {
            false => Some((people, limit)),
            true => match self.hooks.approval(call, reason, context).await {
                Decider::Usual => match self.approver.approvers(context) {
                    Approvers::Here => None,
                    Approvers::People { to, speaker } => {
                        if !speaker {
                            let text =
                                format!("{} needs a yes of {}, who is asked.", call.name, to.join(" or "));
                            self.approver.inform(context, text).await;
                        }
                        Some((to, limit))
                    }
                    Approvers::Nobody(why) => {
                        let text = format!("{} was not run: it needs a yes, and {why}.", call.name);
                        self.approver.inform(context, text).await;
                        let why = format!("a person would have to allow this ({reason}), and {why}");
                        return self.decided(request, Answer::Refused(why));
                    }
                },
                Decider::People { to, timeout } => Some((to, timeout.or(limit))),
                Decider::Allow { by } => {
                    return self.decided(request, Answer::Allowed(format!("the hook at {by} allows")));
                }
                Decider::Deny { reason, by } => {
                    let reason = format!("{reason} (denied by the hook at {by})");
                    return self.decided(request, Answer::Refused(reason));
                }
            },
        };
        let to = whom.as_ref().map(|(to, _)| named(to));
        self.hooks.tell(
            context,
            "approval.asked",
            || json!({ "id": call.id, "name": call.name, "args": call.args, "reason": reason, "to": to }),
        );
        let answer = match &whom {
            None => match within(limit, self.approver.ask(request)).await {
                Ok(said) => said.map_or(Answer::Nobody, |approval| Answer::Person(approval.into())),
                Err(time) => Answer::Refused(format!(
                    "a person would have to allow this ({reason}), and nobody answered within {} s",
                    time.as_secs_f64()
                )),
            },
            Some((to, timeout)) => match self.approver.refer(request, to, *timeout).await {
                Ok(answer) => Answer::Person(answer),
                Err(why) => Answer::Refused(format!("a person would have to allow this ({reason}): {why}")),
            },
        };
        self.decided(request, answer)
    }

    /// What a person says who was asked about this very call before the program ended. `None`: nobody
    /// was.
    pub(super) async fn asked_before(&self, request: &ApprovalRequest) -> Option<Answer> {
        let answer = match self.approver.asked_before(request).await? {
            Ok(reply) => Answer::Person(reply),
            Err(why) => Answer::Refused(why),
        };
        Some(self.decided(request, answer))
    }

    fn decided(&self, request: &ApprovalRequest, answer: Answer) -> Answer {
        let ApprovalRequest { call, context, .. } = request;
        self.hooks.tell(context, "approval.decided", || {
            let person = match &answer {
                Answer::Person(Ruling { by, .. }) => by.as_deref(),
                _ => None,
            };
            let (approved, because) = match &answer {
                Answer::Person(Ruling { approval: Approval::Yes, .. }) => (true, "the person said yes"),
                Answer::Person(Ruling { approval: Approval::Always, .. }) => (true, "the person said always"),
                Answer::Person(Ruling { approval: Approval::No, .. }) => (false, "the person said no"),
                Answer::Nobody => (false, "nobody can be asked"),
                Answer::Allowed(because) | Answer::Refused(because) => {
                    (matches!(answer, Answer::Allowed(_)), because.as_str())
                }
            };
            json!({ "id": call.id, "name": call.name, "approved": approved, "because": because, "by": person })
        });
        answer
    }
}

/// One address, or the list of several.
fn named(to: &[String]) -> serde_json::Value {
    match to {
        [one] => json!(one),
        several => json!(several),
    }
}

/// What came of `work`, or the time that it took too long for.
async fn within<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Result<T, Duration> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, work).await.map_err(|_| limit),
        None => Ok(work.await),
    }
}
