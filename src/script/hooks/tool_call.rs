//! `tool_call` hooks: the fast way for what every call passes.

use super::{
    super::{
        call::Limits,
        errors::ScriptError,
        explain::asked as asked_only,
        fields::article,
        payload::ContextTexts,
        stop,
        values::{map_to_lua, to_map},
        vm::Vm,
    },
    ScriptHooks, returned, text_of,
};
use crate::domain::{
    JsonMap,
    call::ToolCall,
    hook::{HookVerdict, TurnContext},
    plan::Handler,
};
use mlua::Value;
use std::{sync::Arc, time::Duration};

impl ScriptHooks {
    /// Asks the hooks about a call.
    pub(super) async fn judged(&self, call: &ToolCall, context: &TurnContext) -> HookVerdict {
        let (hooks, limits, asking) = (self.tool_call.clone(), self.limits, self.asking.clone());
        let (name, args, context) = (call.name.clone(), call.args.clone(), self.context(context));
        let asked = self.handle.run(self.tool_call.wait(limits.wall), move |vm| async move {
            let mut opinions = Opinions::new(args);
            for hook in hooks.iter() {
                let said = one(&vm, &hook.handler, (&name, &opinions.args), &context, limits);
                let Some(said) = asked_only(asking.as_ref(), &hook.handler, said).await else { continue };
                let said = said.unwrap_or_else(|error| failed(&hook.handler.location, &error));
                if opinions.take(said) {
                    break;
                }
            }
            Ok(opinions.verdict())
        });
        match asked.await {
            Ok(verdict) => verdict,
            Err(error) => failed(&self.tool_call.places(), &error),
        }
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
                // One that names a person goes before one that would ask whoever is there.
                let settled = match &self.verdict {
                    HookVerdict::Ask { to, .. } => {
                        !to.is_empty() || matches!(&said, HookVerdict::Ask { to, .. } if to.is_empty())
                    }
                    _ => false,
                };
                if !settled {
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

async fn one(
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
        (2, detail) => {
            let (to, timeout) = asked(detail)?;
            Ok(HookVerdict::Ask { to, timeout, by })
        }
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

/// Whom `pista.ask` names, and how long the answer may take.
pub(super) fn asked(options: &Value) -> mlua::Result<(Vec<String>, Option<Duration>)> {
    let Value::Table(options) = options else { return Ok((vec![], None)) };
    let timeout: Option<f64> = options.raw_get("timeout")?;
    let to = match options.raw_get("to")? {
        Value::String(one) => vec![one.to_string_lossy()],
        Value::Table(several) => several.sequence_values().collect::<mlua::Result<_>>()?,
        _ => vec![],
    };
    Ok((to, timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())))
}
