//! The gate that every tool call passes.

use super::{
    Authorized, Decision, FloorCheck, Objection, ObjectionCheck, Policy,
    asking::Answer,
    fingerprint::{canonical, fingerprint},
    refusal,
};
use crate::domain::{
    approval::{Approval, ApprovalRequest, Approver, Grant, Grants},
    call::ToolCall,
    hook::{HookVerdict, Hooks, TurnContext},
    rules::{Access, Autonomy},
    tool::ToolSpec,
};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How often the hooks may rewrite one call.
const MOST_REWRITES: usize = 64;

/// What became of a call at the gate.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// It may run.
    Authorized {
        /// The call as it shall run; hooks may have changed its arguments.
        call: Authorized<ToolCall>,
        /// What let it pass, for a person to read.
        because: String,
        /// Whether a person was asked about exactly this call and said yes.
        approved: bool,
    },
    /// It may not run.
    Denied {
        /// The call as it was refused.
        call: ToolCall,
        /// What the model and the person are told.
        reason: String,
    },
    /// A hook has the result; nothing runs.
    Answered {
        /// The call that is answered.
        call: ToolCall,
        /// What the model reads.
        content: String,
        /// Which hook, for a person to read.
        because: String,
    },
}

impl Verdict {
    /// The call that it is about.
    pub fn call(&self) -> &ToolCall {
        match self {
            Self::Authorized { call, .. } => call.get(),
            Self::Denied { call, .. } | Self::Answered { call, .. } => call,
        }
    }
}

/// Decides about calls: the rules, then the hooks, then a person, and the floor under it all.
///
/// - A rule that denies ends it; nothing lifts that.
/// - A hook can deny, answer, or rewrite any call that the rules don't deny; rewritten arguments go
///   through the rules again. It can allow what the rules ask about.
/// - What the rules ask about runs under `autonomy = "auto"`, or with a standing approval of
///   exactly this call; else a person is asked.
/// - What a hook asks about is asked every time, of a person.
/// - `approval` hooks say who is asked, or decide in that person's place.
///
/// Dropping a future of the gate leaves nothing behind: no approval is stored, nothing runs.
#[derive(Clone)]
pub struct Gate {
    /// Where calls are run, if it is not here.
    pub(super) place: Option<String>,
    pub(super) hooks: Arc<dyn Hooks>,
    pub(super) approver: Arc<dyn Approver>,
    pub(super) grants: Arc<dyn Grants>,
    pub(super) workspace: PathBuf,
    pub(super) floor: Option<FloorCheck>,
    pub(super) objections: Option<ObjectionCheck>,
}

/// Who wants a person asked.
pub(super) enum Asker {
    Rule(String),
    Hook { by: String, to: Vec<String>, timeout: Option<Duration> },
}

impl Gate {
    /// A gate without a floor. `workspace` is what standing approvals are bound to.
    pub fn new(
        hooks: Arc<dyn Hooks>,
        approver: Arc<dyn Approver>,
        grants: Arc<dyn Grants>,
        workspace: PathBuf,
    ) -> Self {
        Self { place: None, hooks, approver, grants, workspace, floor: None, objections: None }
    }

    /// The same gate for calls that are run in another place. What a person allows there "always" holds
    /// for that place alone, and the tools there have their own files: those here are not asked.
    pub fn elsewhere(&self, place: &str) -> Self {
        let workspace = PathBuf::from(format!("{place}: {}", self.workspace.display()));
        Self { place: Some(place.to_owned()), workspace, objections: None, ..self.clone() }
    }

    /// Puts a floor under it.
    pub fn with_floor(mut self, floor: FloorCheck) -> Self {
        self.floor = Some(floor);
        self
    }

    /// Has the tools say what they would refuse, so that nobody is asked about it.
    pub fn with_objections(mut self, objections: ObjectionCheck) -> Self {
        self.objections = Some(objections);
        self
    }

    /// Decides about one call. `spec` is the tool that the call names; `None`: there is none.
    pub async fn authorize(
        &self,
        mut call: ToolCall,
        spec: Option<&ToolSpec>,
        policy: &Policy,
        context: &TurnContext,
    ) -> Verdict {
        let spec = match refusal::malformed(&call, spec) {
            Ok(spec) => spec,
            Err(reason) => return Verdict::Denied { call, reason },
        };
        if let Err(reason) = refusal::shape(&mut call, spec) {
            return Verdict::Denied { call, reason };
        }
        let mut decision = policy.decide(&call, spec);
        if decision.access == Access::Deny {
            return denied(call, &decision);
        }
        let mut verdict = self.hooks.tool_call(&call, context).await;
        let mut rewrites = 0;
        while let HookVerdict::Rewrite { args, by, then } = verdict {
            tracing::debug!(tool = call.name, %by, "a hook changed the arguments");
            call.args = args;
            if let Err(problem) = refusal::shape(&mut call, spec) {
                let reason = format!("{problem} (the hook at {by} changed the arguments)");
                return Verdict::Denied { call, reason };
            }
            decision = policy.decide(&call, spec);
            rewrites += 1;
            if decision.access == Access::Deny {
                return denied(call, &decision);
            }
            if rewrites == MOST_REWRITES {
                let reason = format!("hooks changed the arguments {rewrites} times, the last one at {by}");
                return Verdict::Denied { call, reason };
            }
            verdict = *then;
        }
        match (verdict, decision.access) {
            (HookVerdict::Deny { reason, by }, _) => {
                Verdict::Denied { call, reason: format!("{reason} (denied by the hook at {by})") }
            }
            (HookVerdict::Answer { content, by }, _) => {
                Verdict::Answered { call, content, because: format!("the hook at {by} answered") }
            }
            (HookVerdict::Ask { to, timeout, by }, _) => {
                self.ask(call, Asker::Hook { by, to, timeout }, policy, context).await
            }
            (HookVerdict::Allow { by }, _) => self.pass(call, format!("the hook at {by} allows")),
            (_, Access::Allow) => self.pass(call, decision.because()),
            (_, _) => self.ask(call, Asker::Rule(decision.because()), policy, context).await,
        }
    }

    pub(super) async fn ask(
        &self,
        call: ToolCall,
        asker: Asker,
        policy: &Policy,
        context: &TurnContext,
    ) -> Verdict {
        // Nobody is asked about what the floor, or the tool itself, would refuse.
        if let Some(reason) = self.floor.as_ref().and_then(|floor| floor(&call)) {
            return Verdict::Denied { call, reason };
        }
        if let Some(Objection::Refused(reason) | Objection::Malformed(reason)) =
            self.objections.as_ref().and_then(|objections| objections(&call))
        {
            return Verdict::Denied { call, reason };
        }
        let print = fingerprint(&context.agent, &self.workspace, &call);
        let reason = match &asker {
            Asker::Rule(because) if policy.autonomy == Autonomy::Auto => {
                return self.pass(call, format!("{because}, and autonomy is \"auto\""));
            }
            Asker::Rule(because) => {
                if self.is_granted(&print).await {
                    return self.pass(call, "a standing approval of exactly this call".into());
                }
                because.clone()
            }
            Asker::Hook { by, .. } => ApprovalRequest::reason_of_hook(by),
        };
        let reason = match &self.place {
            Some(place) => format!("{reason}; it would run in {place}"),
            None => reason,
        };
        let request = ApprovalRequest { call, context: context.clone(), reason };
        let (people, limit) = match &asker {
            Asker::Hook { to, timeout, .. } => (to.clone(), *timeout),
            Asker::Rule(_) => (vec![], None),
        };
        let answer = self.answer(&request, people, limit).await;
        let ApprovalRequest { call, reason, .. } = request;
        let answer = match answer {
            Answer::Person(reply) => Some(reply.approval),
            Answer::Nobody => None,
            Answer::Allowed(because) => return self.pass(call, because),
            Answer::Refused(reason) => return Verdict::Denied { call, reason },
        };
        match (answer, asker) {
            (None, Asker::Rule(_)) => {
                let reason = refusal::nobody(&call, &reason, &context.agent);
                Verdict::Denied { call, reason }
            }
            (None, Asker::Hook { .. }) => {
                let reason = format!("a person would have to allow this ({reason}), and nobody can be asked");
                Verdict::Denied { call, reason }
            }
            (Some(Approval::No), _) => Verdict::Denied { call, reason: refusal::SAID_NO.into() },
            (Some(Approval::Yes), _) => self.approved(call, "the user said yes"),
            (Some(Approval::Always), Asker::Hook { .. }) => {
                // A standing approval would not help: the hook asks all the same.
                self.approved(call, "the user said yes; the hook will ask again")
            }
            (Some(Approval::Always), Asker::Rule(_)) => {
                self.remember(print, &call, context).await;
                self.approved(call, "the user said yes, to this and every later call exactly like it")
            }
        }
    }

    /// What is left of a verdict on a call about which a person was asked before the program ended.
    /// Where this configuration lets it run without asking, it is that person's answer that counts.
    pub async fn hear(&self, verdict: Verdict, context: &TurnContext) -> Verdict {
        let Verdict::Authorized { call, because, approved: false } = verdict else { return verdict };
        let request = ApprovalRequest { call: call.into_inner(), context: context.clone(), reason: because };
        let answer = self.asked_before(&request).await;
        let ApprovalRequest { call, reason, .. } = request;
        match answer {
            None => self.pass(call, reason),
            Some(Answer::Person(reply)) if reply.approval != Approval::No => {
                self.approved(call, "the user said yes")
            }
            Some(Answer::Refused(reason)) => Verdict::Denied { call, reason },
            Some(_) => Verdict::Denied { call, reason: refusal::SAID_NO.into() },
        }
    }

    fn approved(&self, call: ToolCall, because: &str) -> Verdict {
        let mut verdict = self.pass(call, because.to_owned());
        if let Verdict::Authorized { approved, .. } = &mut verdict {
            *approved = true;
        }
        verdict
    }

    /// The only way out of the gate that lets a call run.
    pub(super) fn pass(&self, call: ToolCall, because: String) -> Verdict {
        match self.floor.as_ref().and_then(|floor| floor(&call)) {
            Some(reason) => Verdict::Denied { call, reason },
            None => Verdict::Authorized { call: Authorized::new(call), because, approved: false },
        }
    }

    async fn is_granted(&self, fingerprint: &str) -> bool {
        self.grants.granted(fingerprint).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "standing approvals cannot be read; asking instead");
            false
        })
    }

    async fn remember(&self, fingerprint: String, call: &ToolCall, context: &TurnContext) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let grant = Grant {
            fingerprint,
            agent: context.agent.clone(),
            tool: call.name.clone(),
            args: canonical(call),
            workspace: self.workspace.to_string_lossy().into_owned(),
            granted_ms: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        };
        if let Err(error) = self.grants.grant(grant).await {
            tracing::warn!(%error, "the approval holds for this once: it could not be stored");
        }
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("workspace", &self.workspace).finish_non_exhaustive()
    }
}

pub(super) fn denied(call: ToolCall, decision: &Decision<'_>) -> Verdict {
    Verdict::Denied { call, reason: format!("not allowed: {}", decision.because()) }
}
