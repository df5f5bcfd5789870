//! Running a command of `init.lua`.

use super::{
    call::Limits,
    errors::{ErrorKind, ScriptError},
    handle::ScriptHandle,
    hooks::text_of,
    payload, stop,
};
use crate::domain::{hook::TurnContext, plan::CommandSpec};
use std::sync::Arc;

/// Runs a command with what was typed behind its name; the text that it returns. What it starts and waits
/// for has a time of its own. Dropping the future stops it.
///
/// # Errors
/// What it raised, or why it did not run or end in time.
pub async fn run_command(
    handle: &ScriptHandle,
    command: &CommandSpec,
    typed: &str,
    context: &TurnContext,
) -> Result<String, ScriptError> {
    let (id, limits, context) = (command.handler, Limits::both(command.timeout), context.clone());
    let (name, typed) = (command.name.clone(), typed.to_owned());
    handle
        .run_waiting(limits.wall, move |vm, waits| async move {
            let function = vm.function(id)?;
            let args = vm.lua.create_table()?;
            args.raw_set("text", typed.as_str())?;
            for word in typed.split_whitespace() {
                args.raw_push(word)?;
            }
            let arguments = (payload::context(&vm.lua, &context)?, args);
            let result =
                stop::during(Arc::new(context), vm.invoke_waiting(&function, arguments, limits, waits))
                    .await?;
            text_of(&vm, &result).map_err(|reason| {
                ScriptError::new(
                    ErrorKind::Result,
                    format!("/{name} returned something else than data: {reason}"),
                )
            })
        })
        .await
}
