//! Calls, rules, and people and hooks with fixed opinions.

use openpista::{
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver, Grant, Grants},
        call::ToolCall,
        envelope::Origin,
        hook::{HookVerdict, Hooks, PromptDraft, TurnContext},
        id::{SessionId, TurnId},
        rules::{Access, Match, Rule},
        store::StoreError,
        tool::{Effect, ToolSpec},
    },
    policy::{Gate, Verdict},
};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    future::{pending, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

pub(crate) fn run_spec() -> ToolSpec {
    spec("system.run", Effect::Act)
}

pub(crate) fn spec(name: &str, effect: Effect) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: json!({"type": "object"}).into(),
        effect,
    }
}

pub(crate) fn call(name: &str, args: Value) -> ToolCall {
    let Value::Object(args) = args else { panic!("arguments are an object: {args}") };
    ToolCall::new(name, args)
}

pub(crate) fn run(args: Value) -> ToolCall {
    call("system.run", args)
}

pub(crate) fn by_name(access: Access, name: &str) -> Rule {
    Rule { access, matches: Match::Name(name.into()), location: "init.lua:7".into() }
}

pub(crate) fn by_words(access: Access, words: &[&str]) -> Rule {
    let argv = words.iter().map(|word| (*word).to_owned()).collect();
    Rule { access, matches: Match::Argv { tool: "system.run".into(), argv }, location: "init.lua:9".into() }
}

pub(crate) fn context() -> TurnContext {
    TurnContext {
        session: SessionId::from("s"),
        turn: TurnId::from("t"),
        agent: "main".into(),
        origin: Origin { channel: "cli".into(), user: "me".into() },
        depth: 0,
    }
}

/// A person who gives these answers, one after the other, and remembers the questions.
#[derive(Default)]
pub(crate) struct Person {
    answers: Mutex<VecDeque<Approval>>,
    pub(crate) asked: Mutex<Vec<ApprovalRequest>>,
}

impl Person {
    pub(crate) fn saying(answers: &[Approval]) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.iter().copied().collect()), asked: Mutex::default() })
    }

    pub(crate) fn questions(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Approver for Person {
    fn ask<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        self.asked.lock().unwrap().push(request.clone());
        Box::pin(ready(self.answers.lock().unwrap().pop_front()))
    }
}

/// A person who never answers.
#[derive(Default)]
pub(crate) struct Silent(AtomicBool);

impl Silent {
    pub(crate) fn was_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Approver for Silent {
    fn ask<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        self.0.store(true, Ordering::SeqCst);
        Box::pin(pending())
    }
}

/// Hooks that say this to every call, and remember the calls.
pub(crate) struct Saying {
    verdict: HookVerdict,
    pub(crate) seen: Mutex<Vec<ToolCall>>,
}

impl Saying {
    pub(crate) fn new(verdict: HookVerdict) -> Arc<Self> {
        Arc::new(Self { verdict, seen: Mutex::default() })
    }
}

impl Hooks for Saying {
    fn prompt<'a>(&'a self, draft: PromptDraft, _: &'a TurnContext) -> BoxFuture<'a, PromptDraft> {
        Box::pin(ready(draft))
    }

    fn tool_call<'a>(&'a self, call: &'a ToolCall, _: &'a TurnContext) -> BoxFuture<'a, HookVerdict> {
        self.seen.lock().unwrap().push(call.clone());
        Box::pin(ready(self.verdict.clone()))
    }

    fn emit(&self, _: &'static str, _: Value) {}

    fn observes(&self, _: &str) -> bool {
        false
    }
}

/// Standing approvals in memory; `broken` ones can be neither read nor stored.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) grants: Mutex<Vec<Grant>>,
    pub(crate) broken: bool,
}

impl Shelf {
    fn check(&self) -> Result<(), StoreError> {
        let error = StoreError::Database { path: "x".into(), message: "disk I/O error".into() };
        if self.broken { Err(error) } else { Ok(()) }
    }
}

impl Grants for Shelf {
    fn granted<'a>(&'a self, fingerprint: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let found = self.grants.lock().unwrap().iter().any(|grant| grant.fingerprint == fingerprint);
        Box::pin(ready(self.check().map(|()| found)))
    }

    fn grant(&self, grant: Grant) -> BoxFuture<'_, Result<(), StoreError>> {
        let checked = self.check();
        if checked.is_ok() {
            self.grants.lock().unwrap().push(grant);
        }
        Box::pin(ready(checked))
    }
}

pub(crate) fn gate(hooks: Arc<dyn Hooks>, person: Arc<Person>, shelf: Arc<Shelf>) -> Gate {
    Gate::new(hooks, person, shelf, "/work".into())
}

/// Runs a future to its end on a runtime of its own.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(crate) fn denial(verdict: Verdict) -> String {
    match verdict {
        Verdict::Denied { reason, .. } => reason,
        other => panic!("expected a denial, got {other:?}"),
    }
}

pub(crate) fn authorized(verdict: Verdict) -> (ToolCall, String) {
    match verdict {
        Verdict::Authorized { call, because, .. } => (call.into_inner(), because),
        other => panic!("expected to be authorised, got {other:?}"),
    }
}
