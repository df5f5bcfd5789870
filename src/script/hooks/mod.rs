//! The hooks that a configuration declares, as the engine's port to them.

mod chain;
mod prompt;
mod rules;
mod thread;
mod tool_call;

use super::{
    call::Limits,
    errors::{ErrorKind, ScriptError},
    explain::Asking,
    handle::ScriptHandle,
    values::{Secrets, to_json},
    vm::Vm,
};
use crate::domain::{
    BoxFuture, JsonMap,
    call::ToolCall,
    hook::{HookVerdict, Hooks, PromptDraft, TurnContext, Unclear},
    plan::{Handler, Plan},
    points::{Point, Threaded},
};
use chain::Chain;
use mlua::Value;
use std::{
    collections::{HashMap, HashSet},
    future::ready,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long hooks may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookLimits {
    /// For each hook at each point.
    pub each: Duration,
}

impl Default for HookLimits {
    fn default() -> Self {
        Self { each: Duration::from_secs(1) }
    }
}

/// The hooks of a generation. Where there are none, nothing is sent anywhere.
pub struct ScriptHooks {
    handle: ScriptHandle,
    limits: Limits,
    prompt: Chain,
    tool_call: Chain,
    others: HashMap<Point, Chain>,
    observed: HashSet<String>,
    context: Mutex<Option<Arc<TurnContext>>>,
    /// They are only asked what they would say.
    asking: Option<Asking>,
}

impl ScriptHooks {
    /// The hooks that `plan` declares; its functions live in the generation of `handle`.
    pub fn new(handle: ScriptHandle, plan: &Plan, limits: HookLimits) -> Self {
        let others = Point::ALL.map(|point| (point, Chain::of(plan, point.name())));
        Self {
            handle,
            limits: Limits::both(limits.each),
            prompt: Chain::of(plan, "prompt"),
            tool_call: Chain::of(plan, "tool_call"),
            others: others.into_iter().filter(|(_, chain)| !chain.is_empty()).collect(),
            observed: plan.observers.iter().map(|handler| handler.point.clone()).collect(),
            context: Mutex::default(),
            asking: None,
        }
    }

    /// The same, asked in a mode in which every effect raises. A hook at `tool_call` or another point
    /// that wants to have one counts as having said nothing, and is noted.
    pub fn explaining(self) -> Self {
        Self { asking: Some(Asking::default()), ..self }
    }

    /// The hooks of which cannot be told what they say, so far.
    pub fn unclear(&self) -> Vec<Unclear> {
        self.asking.as_ref().map(Asking::unclear).unwrap_or_default()
    }

    /// The context, owned. A turn asks many times in the same one.
    fn context(&self, context: &TurnContext) -> Arc<TurnContext> {
        let mut last = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(known) if **known == *context => Arc::clone(known),
            _ => Arc::clone(last.insert(Arc::new(context.clone()))),
        }
    }
}

impl Hooks for ScriptHooks {
    fn prompt<'a>(&'a self, draft: PromptDraft, context: &'a TurnContext) -> BoxFuture<'a, PromptDraft> {
        if self.prompt.is_off() {
            return Box::pin(ready(draft));
        }
        Box::pin(self.prompted(draft, context))
    }

    fn tool_call<'a>(&'a self, call: &'a ToolCall, context: &'a TurnContext) -> BoxFuture<'a, HookVerdict> {
        if self.tool_call.is_empty() {
            return Box::pin(ready(HookVerdict::Pass));
        }
        Box::pin(self.judged(call, context))
    }

    fn hooked(&self, point: Point) -> bool {
        self.others.get(&point).is_some_and(|chain| !chain.is_off())
    }

    fn thread<'a>(
        &'a self,
        point: Point,
        value: JsonMap,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Threaded> {
        match self.others.get(&point) {
            Some(chain) if !chain.is_off() => Box::pin(self.threaded(point, chain, value, context)),
            _ => Box::pin(ready(Threaded { value, ending: None })),
        }
    }

    fn emit(&self, event: &'static str, payload: serde_json::Value) {
        if self.observes(event) {
            self.handle.emit(event, payload);
        }
    }

    fn observes(&self, event: &str) -> bool {
        self.observed.contains(event)
    }
}

/// A result as the model reads it: text as it is, anything else as JSON.
pub(super) fn text_of(vm: &Vm, value: &Value) -> Result<String, String> {
    match value {
        Value::Nil => Ok(String::new()),
        Value::String(text) => Ok(text.to_string_lossy()),
        other => Ok(to_json(&vm.lua, other, "result", Secrets::Refused)?.to_string()),
    }
}

fn returned(handler: &Handler, what: &str) -> ScriptError {
    let Handler { point, location, .. } = handler;
    ScriptError::new(ErrorKind::Result, format!("the {point} hook at {location} returned {what}"))
}
