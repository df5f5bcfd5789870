//! Running what a plan names by id: tools, and prompts that are functions.

use super::{
    call::Limits,
    errors::{ErrorKind, ScriptError},
    fields::article,
    handle::ScriptHandle,
    hooks::text_of,
    payload, stop,
    values::map_to_lua,
};
use crate::domain::{JsonMap, hook::TurnContext, id::HandlerId, plan::LuaTool};
use mlua::Value;
use std::{sync::Arc, time::Duration};

/// How long a function that makes a prompt may take.
const PROMPT_LIMIT: Duration = Duration::from_secs(5);

/// Runs a tool written in Lua: text comes back as it is, anything else as JSON, nothing as an
/// empty text. Dropping the future stops it.
///
/// # Errors
/// What the tool raised, or why it did not run or end in time.
pub async fn run_tool(
    handle: &ScriptHandle,
    tool: &LuaTool,
    args: JsonMap,
    context: &TurnContext,
) -> Result<String, ScriptError> {
    let (id, limits, context) = (tool.handler, Limits::both(tool.timeout), context.clone());
    let name = tool.spec.name.clone();
    handle
        .run_waiting(limits.wall, move |vm, waits| async move {
            let function = vm.function(id)?;
            let arguments = (map_to_lua(&vm.lua, &args)?, payload::context(&vm.lua, &context)?);
            let result =
                stop::during(Arc::new(context), vm.invoke_waiting(&function, arguments, limits, waits))
                    .await?;
            text_of(&vm, &result).map_err(|reason| {
                ScriptError::new(
                    ErrorKind::Result,
                    format!("{name} returned something else than data: {reason}"),
                )
            })
        })
        .await
}

/// Calls a prompt that is a function: `prompt(context)` returns the text.
///
/// # Errors
/// What it raised, or that it returned no text.
pub async fn prompt_text(
    handle: &ScriptHandle,
    prompt: HandlerId,
    context: &TurnContext,
) -> Result<String, ScriptError> {
    let (limits, context) = (Limits::both(PROMPT_LIMIT), context.clone());
    handle
        .run(limits.wall, move |vm| async move {
            let function = vm.function(prompt)?;
            let payload = payload::context(&vm.lua, &context)?;
            match stop::during(Arc::new(context), vm.invoke(&function, payload, limits)).await? {
                Value::String(text) => Ok(text.to_string_lossy()),
                other => {
                    let message =
                        format!("the agent's prompt function returned {}, not a string", article(&other));
                    Err(ScriptError::new(ErrorKind::Result, message))
                }
            }
        })
        .await
}
