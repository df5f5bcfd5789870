//! The hooks that a configuration declares, as the engine's port to them.

use super::{
    call::Limits,
    errors::{ErrorKind, ScriptError},
    fields::article,
    handle::ScriptHandle,
    payload::ContextTexts,
    stop,
    values::{Secrets, map_to_lua, to_json, to_map},
    vm::Vm,
};
use crate::domain::{
    BoxFuture, JsonMap,
    call::ToolCall,
    hook::{HookVerdict, Hooks, PromptDraft, TurnContext},
    plan::{Handler, Plan},
};
use mlua::Value;
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Failures in a row after which a hook that may fail is switched off.
const FAILURES: u32 = 3;

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

/// A hook, and how often it failed since it last did not.
struct Hook {
    handler: Handler,
    failures: AtomicU32,
}

/// The hooks of a generation. Where there are none, nothing is sent anywhere.
pub struct ScriptHooks {
    handle: ScriptHandle,
    limits: Limits,
    prompt: Arc<[Hook]>,
    tool_call: Arc<[Hook]>,
    observed: HashSet<String>,
    context: Mutex<Option<Arc<TurnContext>>>,
}

impl ScriptHooks {
    /// The hooks that `plan` declares; its functions live in the generation of `handle`.
    pub fn new(handle: ScriptHandle, plan: &Plan, limits: HookLimits) -> Self {
        let at = |point: &str| {
            let hooks = plan.hooks.iter().filter(|handler| handler.point == point);
            hooks.map(|handler| Hook { handler: handler.clone(), failures: AtomicU32::new(0) }).collect()
        };
        Self {
            handle,
            limits: Limits::both(limits.each),
            prompt: at("prompt"),
            tool_call: at("tool_call"),
            observed: plan.observers.iter().map(|handler| handler.point.clone()).collect(),
            context: Mutex::default(),
        }
    }

    /// The context, owned. A turn asks many times in the same one.
    fn context(&self, context: &TurnContext) -> Arc<TurnContext> {
        let mut last = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(known) if **known == *context => Arc::clone(known),
            _ => Arc::clone(last.insert(Arc::new(context.clone()))),
        }
    }

    fn wait(&self, hooks: &[Hook]) -> Duration {
        self.limits.wall * hooks.len() as u32
    }

    /// Counts what became of a hook that may fail. The third failure in a row is its last.
    fn count(&self, hook: &Hook, failure: Option<&ScriptError>) {
        let Some(error) = failure else {
            hook.failures.store(0, Ordering::Relaxed);
            return;
        };
        let Handler { point, location, .. } = &hook.handler;
        tracing::warn!(target: "script", at = location, "a {point} hook failed and changed nothing: {error}");
        if hook.failures.fetch_add(1, Ordering::Relaxed) + 1 == FAILURES {
            self.handle.shared.tell(&format!(
                "the {point} hook at {location} failed {FAILURES} times in a row and is switched off until the \
                 configuration is loaded again: {error}"
            ));
        }
    }
}

impl Hook {
    fn off(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= FAILURES
    }
}

impl Hooks for ScriptHooks {
    fn prompt<'a>(&'a self, draft: PromptDraft, context: &'a TurnContext) -> BoxFuture<'a, PromptDraft> {
        if self.prompt.iter().all(Hook::off) {
            return Box::pin(std::future::ready(draft));
        }
        Box::pin(async move {
            let (hooks, limits, context) = (Arc::clone(&self.prompt), self.limits, self.context(context));
            let original = draft.system.clone();
            let threaded = self.handle.run(self.wait(&self.prompt), move |vm| async move {
                let mut system = draft.system;
                let mut outcomes = Vec::with_capacity(hooks.len());
                for (index, hook) in hooks.iter().enumerate().filter(|(_, hook)| !hook.off()) {
                    match prompt(&vm, &hook.handler, &system, &context, limits).await {
                        Ok(changed) => {
                            system = changed.unwrap_or(system);
                            outcomes.push((index, None));
                        }
                        Err(error) => outcomes.push((index, Some(error))),
                    }
                }
                Ok((system, outcomes))
            });
            match threaded.await {
                Ok((system, outcomes)) => {
                    for (index, failure) in outcomes {
                        self.count(&self.prompt[index], failure.as_ref());
                    }
                    PromptDraft { system }
                }
                Err(error) => {
                    tracing::warn!(target: "script", "the prompt hooks did not run: {error}");
                    PromptDraft { system: original }
                }
            }
        })
    }

    fn tool_call<'a>(&'a self, call: &'a ToolCall, context: &'a TurnContext) -> BoxFuture<'a, HookVerdict> {
        if self.tool_call.is_empty() {
            return Box::pin(std::future::ready(HookVerdict::Pass));
        }
        Box::pin(async move {
            let (hooks, limits) = (Arc::clone(&self.tool_call), self.limits);
            let (name, args, context) = (call.name.clone(), call.args.clone(), self.context(context));
            let asked = self.handle.run(self.wait(&self.tool_call), move |vm| async move {
                let mut opinions = Opinions::new(args);
                for hook in hooks.iter() {
                    let said = tool_call(&vm, &hook.handler, (&name, &opinions.args), &context, limits).await;
                    let said = said.unwrap_or_else(|error| failed(&hook.handler.location, &error));
                    if opinions.take(said) {
                        break;
                    }
                }
                Ok(opinions.verdict())
            });
            match asked.await {
                Ok(verdict) => verdict,
                Err(error) => {
                    let places: Vec<_> =
                        self.tool_call.iter().map(|hook| hook.handler.location.as_str()).collect();
                    failed(&places.join(", "), &error)
                }
            }
        })
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

/// What the hooks say together: none that denies is passed over because another allows.
struct Opinions {
    /// The call's arguments, as the hooks changed them.
    args: JsonMap,
    rewrites: Vec<(JsonMap, String)>,
    verdict: HookVerdict,
}

impl Opinions {
    fn new(args: JsonMap) -> Self {
        Self { args, rewrites: vec![], verdict: HookVerdict::Pass }
    }

    /// Takes a hook's verdict; whether that is the last word.
    fn take(&mut self, said: HookVerdict) -> bool {
        match said {
            HookVerdict::Pass => {}
            HookVerdict::Allow { .. } => {
                if self.verdict == HookVerdict::Pass {
                    self.verdict = said;
                }
            }
            HookVerdict::Ask { .. } => {
                if !matches!(self.verdict, HookVerdict::Ask { .. }) {
                    self.verdict = said;
                }
            }
            HookVerdict::Rewrite { args, by, .. } => {
                self.args.clone_from(&args);
                self.rewrites.push((args, by));
                // What was allowed were the old arguments.
                if matches!(self.verdict, HookVerdict::Allow { .. }) {
                    self.verdict = HookVerdict::Pass;
                }
            }
            HookVerdict::Deny { .. } | HookVerdict::Answer { .. } => {
                self.verdict = said;
                return true;
            }
        }
        false
    }

    fn verdict(self) -> HookVerdict {
        self.rewrites.into_iter().rev().fold(self.verdict, |then, (args, by)| HookVerdict::Rewrite {
            args,
            by,
            then: Box::new(then),
        })
    }
}

/// A hook that failed denies: nothing runs that a hook might have stopped.
fn failed(location: &str, error: &ScriptError) -> HookVerdict {
    tracing::warn!(target: "script", at = location, "a tool_call hook failed, so the call is denied: {error}");
    HookVerdict::Deny {
        reason: format!("the tool_call hook at {location} failed, so the call is denied: {error}"),
        by: location.to_owned(),
    }
}

async fn prompt(
    vm: &Vm,
    handler: &Handler,
    system: &str,
    context: &Arc<TurnContext>,
    limits: Limits,
) -> Result<Option<String>, ScriptError> {
    let function = vm.function(handler.id)?;
    let call = vm.exempt(|| {
        let context = ContextTexts::of(&vm.lua, context, &vm.context)?;
        let [session, turn, agent, channel, user] = &context.texts;
        Ok(vm.prepare(&vm.hooks.prompt, (&*function, system, session, turn, agent, channel, user)))
    })?;
    match stop::during(Arc::clone(context), vm.finish::<(bool, Value)>(call, limits)).await? {
        Value::Nil => Ok(None),
        Value::Table(table) => match table.raw_get("system")? {
            Value::String(system) => Ok(Some(system.to_string_lossy())),
            other => Err(returned(handler, &format!("a table whose system is {}", article(&other)))),
        },
        other => {
            Err(returned(handler, &format!("{}; return the table it was given, or nothing", article(&other))))
        }
    }
}

async fn tool_call(
    vm: &Vm,
    handler: &Handler,
    (name, args): (&str, &JsonMap),
    context: &Arc<TurnContext>,
    limits: Limits,
) -> Result<HookVerdict, ScriptError> {
    let function = vm.function(handler.id)?;
    let prepared = vm.exempt(|| {
        let context = ContextTexts::of(&vm.lua, context, &vm.context)?;
        let [session, turn, agent, channel, user] = &context.texts;
        let args = map_to_lua(&vm.lua, args)?;
        Ok(vm.prepare(&vm.hooks.tool_call, (&*function, name, args, session, turn, agent, channel, user)))
    })?;
    let finish = vm.finish::<(bool, Value, Value)>(prepared, limits);
    let (kind, detail) = stop::during(Arc::clone(context), finish).await?;
    let by = handler.location.clone();
    let Value::Integer(kind) = kind else { return Ok(HookVerdict::Pass) };
    // The numbers are those of `call_tool_call` in the prelude.
    match (kind, &detail) {
        (1, _) => Ok(HookVerdict::Allow { by }),
        (2, _) => Ok(HookVerdict::Ask { by }),
        (3, Value::String(reason)) => Ok(HookVerdict::Deny { reason: reason.to_string_lossy(), by }),
        (3, _) => Ok(HookVerdict::Deny { reason: "no reason given".into(), by }),
        (4, _) => match text_of(vm, &detail) {
            Ok(content) => Ok(HookVerdict::Answer { content, by }),
            Err(reason) => Err(returned(handler, &reason)),
        },
        (5, Value::Table(args)) => match to_map(&vm.lua, args, "args") {
            Ok(args) => Ok(HookVerdict::Rewrite { args, by, then: Box::new(HookVerdict::Pass) }),
            Err(reason) => Err(returned(handler, &reason)),
        },
        (5, _) => Err(returned(handler, "a table that is no verdict and has no args")),
        _ => Err(returned(
            handler,
            &format!(
                "{}; return pista.allow(), deny(), ask() or answer(), {{ args = … }}, or nothing",
                article(&detail)
            ),
        )),
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
