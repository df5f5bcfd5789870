//! Why a call would run, or not, without running anything.
//!
//! The gate itself decides, with stand-ins for all that would have an effect: an explanation cannot
//! say otherwise than what would happen.

use super::{Gate, Objection, Policy, Verdict, refusal, rules::title};
use crate::domain::{
    BoxFuture, JsonMap,
    approval::{Approval, ApprovalRequest, Approver, Grant, Grants, Ruling},
    arguments,
    call::ToolCall,
    hook::{HookVerdict, Hooks, PromptDraft, TurnContext},
    points::{Ending, Point, Threaded},
    rules::{Access, Autonomy},
    store::StoreError,
    tool::ToolSpec,
};
use serde::Serialize;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// What would become of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// It would run.
    Allow,
    /// A person would be asked; where nobody can be asked, it would be refused.
    Ask,
    /// It would be refused.
    Deny,
    /// A hook would answer in its place.
    Answer,
    /// A hook decides, and what it says cannot be told without running it.
    Unclear,
}

/// What has the last word on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decider {
    /// A rule of the agent's or the channel's.
    Rule,
    /// How tools of its kind are treated where no rule speaks of them.
    Default,
    /// A function of `init.lua`.
    Hook,
    /// What a person approved for good.
    Approval,
    /// `autonomy = "auto"`.
    Autonomy,
    /// What nothing lifts.
    Floor,
    /// There is no such tool, or these are no arguments.
    Call,
    /// Whoever would have it made cannot speak to the agent.
    Person,
}

/// What would become of a call, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What would become of it.
    pub outlook: Outlook,
    /// What decides that.
    pub by: Decider,
    /// The rule that decides, when one does.
    pub rule: Option<String>,
    /// `file:line` of the rule or the hook that decides, when one does.
    pub location: Option<String>,
    /// The way to the verdict, a sentence each.
    pub steps: Vec<String>,
}

impl Gate {
    /// Explains what would become of `call`. Asks nobody, stores nothing, runs nothing but `hooks`,
    /// which stand for the gate's own and should have no effect; looks up standing approvals.
    pub async fn explain(
        &self,
        call: &ToolCall,
        spec: Option<&ToolSpec>,
        policy: &Policy,
        context: &TurnContext,
        hooks: Arc<dyn Hooks>,
    ) -> Explanation {
        let spec = match refusal::malformed(call, spec) {
            Ok(spec) => spec,
            Err(reason) => return Explanation::new(Outlook::Deny, Decider::Call, vec![reason]),
        };
        let mut call = call.clone();
        if let Err(reason) = refusal::shape(&mut call, spec) {
            return Explanation::new(Outlook::Deny, Decider::Call, vec![reason]);
        }
        let watched = Arc::new(Watched { hooks, said: Mutex::default(), decided: Mutex::default() });
        let person = Arc::new(WouldAsk::default());
        let grants = Arc::new(Looked { grants: self.grants.clone(), found: AtomicBool::new(false) });
        let mut gate = Self::new(watched.clone(), person.clone(), grants.clone(), self.workspace.clone());
        gate.floor.clone_from(&self.floor);
        gate.objections.clone_from(&self.objections);
        let verdict = gate.authorize(call.clone(), Some(spec), policy, context).await;
        let said = watched.said.lock().unwrap_or_else(PoisonError::into_inner).take();
        let decided = watched.decided.lock().unwrap_or_else(PoisonError::into_inner).take();

        let mut steps = vec![policy.decide(&call, spec).because()];
        let mut last = said;
        while let Some(HookVerdict::Rewrite { args, by, then }) = last {
            call.args = arguments::fitted(&spec.parameters, args);
            steps.push(format!(
                "the hook at {by} changes the arguments to {}: {}",
                super::fingerprint::canonical(&call),
                policy.decide(&call, spec).because()
            ));
            last = Some(*then);
        }
        let decision = policy.decide(&call, spec);
        let floor = gate.floor.as_ref().and_then(|floor| floor(&call));
        let objection = gate.objections.as_ref().and_then(|objections| objections(&call));
        let mut hook = last.as_ref().filter(|_| decision.access != Access::Deny).and_then(word);
        steps.extend(hook.iter().map(|(by, word)| format!("the hook at {by} {word}")));
        if let Some((by, word)) = decided.as_ref().and_then(decision_of) {
            steps.push(format!("the approval hook at {by} {word}"));
            hook = Some((by, word));
        }
        let asked = person.asked.load(Ordering::Relaxed);
        let granted = grants.found.load(Ordering::Relaxed);

        let runs = matches!(verdict, Verdict::Authorized { .. });
        let outlook = match verdict {
            Verdict::Authorized { .. } => Outlook::Allow,
            Verdict::Answered { .. } => Outlook::Answer,
            Verdict::Denied { .. } if asked => Outlook::Ask,
            Verdict::Denied { .. } => Outlook::Deny,
        };
        let mut explained = match (&hook, decision.rule) {
            (Some((by, _)), _) => {
                Explanation { location: Some(by.clone()), ..Explanation::new(outlook, Decider::Hook, steps) }
            }
            (None, Some(rule)) => Explanation {
                rule: Some(title(&rule.matches)),
                location: Some(rule.location.clone()),
                ..Explanation::new(outlook, Decider::Rule, steps)
            },
            (None, None) => Explanation::new(outlook, Decider::Default, steps),
        };
        if let (Some(reason), Outlook::Deny) = (floor, outlook)
            && decision.access != Access::Deny
            && !matches!(last, Some(HookVerdict::Deny { .. }))
        {
            explained.overruled(Decider::Floor, reason);
        } else if let (Some(objection), false) = (&objection, outlook == Outlook::Answer)
            && decision.access != Access::Deny
            && !matches!(last, Some(HookVerdict::Deny { .. }))
        {
            explained.outlook = Outlook::Deny;
            let by = match objection {
                Objection::Malformed(_) => Decider::Call,
                Objection::Refused(_) => Decider::Floor,
            };
            explained.overruled(by, objection.text().to_owned());
        } else if runs && granted {
            let why = "a standing approval of exactly this call lets it run";
            explained.overruled(Decider::Approval, why.into());
        } else if runs
            && hook.is_none()
            && decision.access == Access::Ask
            && policy.autonomy == Autonomy::Auto
        {
            explained.overruled(Decider::Autonomy, "autonomy is \"auto\": it runs unasked".into());
        } else if asked {
            let whom = person.whom.lock().unwrap_or_else(PoisonError::into_inner).take();
            explained.steps.push(match whom {
                Some(to) => format!("{to} is asked; without an answer it is refused"),
                None => "a person is asked; where nobody can be asked, it is refused".into(),
            });
        }
        explained
    }
}

impl Explanation {
    /// What is left of it where the person cannot speak at all.
    pub fn without_a_voice(mut self, why: String) -> Self {
        self.steps.insert(0, why);
        Self::new(Outlook::Deny, Decider::Person, self.steps)
    }

    fn new(outlook: Outlook, by: Decider, steps: Vec<String>) -> Self {
        Self { outlook, by, rule: None, location: None, steps }
    }

    fn overruled(&mut self, by: Decider, why: String) {
        self.steps.push(why);
        *self = Self::new(self.outlook, by, std::mem::take(&mut self.steps));
    }
}

/// Which hook said something, and what.
fn word(said: &HookVerdict) -> Option<(String, String)> {
    Some(match said {
        HookVerdict::Pass | HookVerdict::Rewrite { .. } => return None,
        HookVerdict::Allow { by } => (by.clone(), "allows it".to_owned()),
        HookVerdict::Ask { by, .. } => (by.clone(), "asks, each time".to_owned()),
        HookVerdict::Deny { reason, by } => (by.clone(), format!("denies it: {reason}")),
        HookVerdict::Answer { by, .. } => (by.clone(), "answers in its place".to_owned()),
    })
}

/// How an `approval` hook decided in a person's place, and which.
fn decision_of(ending: &Ending) -> Option<(String, String)> {
    match ending {
        Ending::Allow { by } => Some((by.clone(), "allows it in a person's place".to_owned())),
        Ending::Deny { reason, by } => Some((by.clone(), format!("denies it in a person's place: {reason}"))),
        _ => None,
    }
}

/// Passes on, and remembers what was said.
struct Watched {
    hooks: Arc<dyn Hooks>,
    said: Mutex<Option<HookVerdict>>,
    decided: Mutex<Option<Ending>>,
}

impl Hooks for Watched {
    fn prompt<'a>(&'a self, draft: PromptDraft, _: &'a TurnContext) -> BoxFuture<'a, PromptDraft> {
        Box::pin(std::future::ready(draft))
    }

    fn tool_call<'a>(&'a self, call: &'a ToolCall, context: &'a TurnContext) -> BoxFuture<'a, HookVerdict> {
        Box::pin(async move {
            let said = self.hooks.tool_call(call, context).await;
            self.said.lock().unwrap_or_else(PoisonError::into_inner).replace(said.clone());
            said
        })
    }

    fn hooked(&self, point: Point) -> bool {
        point == Point::Approval && self.hooks.hooked(point)
    }

    fn thread<'a>(
        &'a self,
        point: Point,
        value: JsonMap,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Threaded> {
        Box::pin(async move {
            let threaded = self.hooks.thread(point, value, context).await;
            self.decided.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&threaded.ending);
            threaded
        })
    }

    fn emit(&self, _: &'static str, _: serde_json::Value) {}

    fn observes(&self, _: &str) -> bool {
        false
    }
}

/// Stands for whoever would be asked, and is not there. Remembers that it was looked for.
#[derive(Default)]
struct WouldAsk {
    asked: AtomicBool,
    /// The address of who would be asked, when it is not whoever is there.
    whom: Mutex<Option<String>>,
}

impl Approver for WouldAsk {
    fn ask<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        self.asked.store(true, Ordering::Relaxed);
        Box::pin(std::future::ready(None))
    }

    fn refer<'a>(
        &'a self,
        _: &'a ApprovalRequest,
        to: &'a [String],
        _: Option<Duration>,
    ) -> BoxFuture<'a, Result<Ruling, String>> {
        self.asked.store(true, Ordering::Relaxed);
        self.whom.lock().unwrap_or_else(PoisonError::into_inner).replace(to.join(" or "));
        Box::pin(std::future::ready(Err("nobody is asked while explaining".to_owned())))
    }
}

/// Looks approvals up, and remembers whether there was one. Stores none.
struct Looked {
    grants: Arc<dyn Grants>,
    found: AtomicBool,
}

impl Grants for Looked {
    fn granted<'a>(&'a self, fingerprint: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let granted = self.grants.granted(fingerprint).await;
            self.found.fetch_or(matches!(granted, Ok(true)), Ordering::Relaxed);
            granted
        })
    }

    fn grant(&self, _: Grant) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
