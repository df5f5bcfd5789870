//! `prompt` hooks: the fast way for what every turn has.

use super::{
    super::{call::Limits, errors::ScriptError, fields::article, payload::ContextTexts, stop, vm::Vm},
    ScriptHooks, returned,
};
use crate::domain::{
    hook::{PromptDraft, TurnContext},
    plan::Handler,
};
use mlua::Value;
use std::sync::Arc;

impl ScriptHooks {
    /// Threads the prompt through the hooks.
    pub(super) async fn prompted(&self, draft: PromptDraft, context: &TurnContext) -> PromptDraft {
        let (hooks, limits, context) = (self.prompt.clone(), self.limits, self.context(context));
        let original = draft.system.clone();
        let threaded = self.handle.run(self.prompt.wait(limits.wall), move |vm| async move {
            let mut system = draft.system;
            let mut outcomes = Vec::new();
            for (index, hook) in hooks.running() {
                match one(&vm, &hook.handler, &system, &context, limits).await {
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
                self.prompt.count(&outcomes, &self.handle);
                PromptDraft { system }
            }
            Err(error) => {
                tracing::warn!(target: "script", "the prompt hooks did not run: {error}");
                PromptDraft { system: original }
            }
        }
    }
}

async fn one(
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
