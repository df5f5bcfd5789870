//! The calls of one answer: authorised one after the other, run at the same time.

use super::{Parts, account::Account};
use crate::{
    domain::{
        BoxFuture, JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        call_text::{LABEL_CHARS, call_label},
        chat::{ChatError, ChatRequest, ChatResponse, ModelFacts},
        cut,
        event::{Observer, TurnEvent},
        hook::TurnContext,
        id::CallId,
        points::Point,
        tool::ToolSpec,
    },
    policy::{Elsewhere, Later, Nested, Policy, Scope, Verdict, refused, under_newer},
};
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;
use std::time::Instant;

/// So many calls run at the same time; further ones wait for a place.
const MAX_PARALLEL: usize = 16;

/// Runs calls for one turn.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) parts: &'a Parts,
    pub(super) policy: &'a Policy,
    pub(super) context: &'a TurnContext,
    pub(super) observer: &'a dyn Observer,
    pub(super) later: Option<&'a dyn Later>,
    /// A call about which a person was asked before the program ended: what they say counts.
    pub(super) asked_before: Option<&'a CallId>,
    /// Pays for the model calls of tools.
    pub(super) account: &'a Account,
}

impl Nested for Caller<'_> {
    fn offered(&self) -> Vec<ToolSpec> {
        self.parts.executor.specs().iter().filter(|spec| self.policy.offers(spec)).cloned().collect()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, ToolResult> {
        Box::pin(async move { self.answer(self.authorize(call).await).await })
    }

    fn judge<'a>(&'a self, call: ToolCall, elsewhere: &'a Elsewhere) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let spec = self.parts.executor.specs().iter().find(|spec| spec.name == call.name);
            let policy = self.policy.clone().and(elsewhere.rules.clone());
            let gate = self.parts.gate.elsewhere(&elsewhere.place);
            let verdict = gate.authorize(call, spec, &policy, self.context).await;
            under_newer(verdict, self.later, spec, self.context).await
        })
    }

    fn ask<'a>(&'a self, request: ChatRequest<'a>) -> BoxFuture<'a, Result<ChatResponse, ChatError>> {
        Box::pin(self.account.ask(self.parts, self.context, request))
    }

    fn facts(&self, model: &str) -> ModelFacts {
        self.parts.llm.facts(if model.is_empty() { &self.account.model } else { model })
    }

    fn tell(&self, event: TurnEvent) {
        let hooks = &self.parts.hooks;
        match &event {
            TurnEvent::ToolStart { id, name, args } => {
                hooks.tell(self.context, "tool.start", || json!({ "id": id, "name": name, "args": args }));
            }
            TurnEvent::ToolEnd { id, name, status, content, duration_ms, .. } => {
                hooks.tell(self.context, "tool.end", || {
                    json!({ "id": id, "name": name, "status": status, "duration_ms": duration_ms,
                            "content": content })
                });
            }
            _ => {}
        }
        self.observer.observe(&event);
    }

    fn watched(&self) -> bool {
        self.observer.watches()
    }
}

/// A call, for the log.
fn told(call: &ToolCall) -> String {
    cut::title(&call_label(&call.name, &call.args), LABEL_CHARS)
}

impl<'a> Caller<'a> {
    /// The results, as they come. Questions to a person come in the order of the calls; what is
    /// authorised runs meanwhile. Dropping the stream stops what runs.
    pub(super) fn run(self, calls: Vec<ToolCall>) -> impl Stream<Item = ToolResult> + 'a {
        stream::iter(calls)
            .then(move |call| self.authorize(call))
            .map(move |verdict| self.answer(verdict))
            .buffer_unordered(MAX_PARALLEL)
    }

    async fn authorize(self, call: ToolCall) -> Verdict {
        let spec = self.parts.executor.specs().iter().find(|spec| spec.name == call.name);
        let asked_before = self.asked_before == Some(&call.id);
        let mut verdict = self.parts.gate.authorize(call, spec, self.policy, self.context).await;
        if asked_before {
            verdict = self.parts.gate.hear(verdict, self.context).await;
        }
        under_newer(verdict, self.later, spec, self.context).await
    }

    async fn answer(self, verdict: Verdict) -> ToolResult {
        let started = Instant::now();
        // Only a hook wants them afterwards.
        let hooked = self.parts.hooks.hooked(Point::ToolResult);
        let args = if hooked { verdict.call().args.clone() } else { JsonMap::new() };
        let mut result = match verdict {
            Verdict::Authorized { call, .. } => {
                self.begin(call.get());
                let scope = Scope { context: self.context, nested: &self };
                self.parts.executor.execute(call, scope).await
            }
            Verdict::Denied { call, reason } => {
                self.begin(&call);
                tracing::info!(session = %self.context.session, "denied: {}: {reason}", told(&call));
                let spec = self.parts.executor.specs().iter().find(|spec| spec.name == call.name);
                refused(&call, spec, &reason)
            }
            Verdict::Answered { call, content, .. } => {
                self.begin(&call);
                ToolResult::new(&call, ToolStatus::Ok, content)
            }
        };
        self.parts.hooks.tool_result(&mut result, &args, self.context).await;
        self.end(&result, started.elapsed().as_millis() as u64);
        result
    }

    fn begin(&self, call: &ToolCall) {
        let TurnContext { session, agent, origin, .. } = self.context;
        tracing::info!(%session, agent, channel = origin.channel, user = origin.user, "call: {}", told(call));
        self.observer.observe(&TurnEvent::ToolStart {
            id: call.id.clone(),
            name: call.name.clone(),
            args: call.args.clone(),
        });
        let payload = || json!({ "id": call.id, "name": call.name, "args": call.args });
        self.parts.hooks.tell(self.context, "tool.start", payload);
    }

    fn end(&self, result: &ToolResult, duration_ms: u64) {
        let (session, status) = (&self.context.session, result.status);
        tracing::info!(%session, ?status, duration_ms, "ended: {}", result.name);
        self.observer.observe(&TurnEvent::ToolEnd {
            id: result.call_id.clone(),
            name: result.name.clone(),
            status: result.status,
            content: result.content.clone(),
            meta: result.meta.clone(),
            duration_ms,
        });
        self.parts.hooks.tell(self.context, "tool.end", || {
            json!({ "id": result.call_id, "name": result.name, "status": result.status, "duration_ms": duration_ms,
                    "content": result.content })
        });
    }
}
