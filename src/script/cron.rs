//! Running jobs that are functions.

use super::{
    call::Limits,
    errors::{ErrorKind, ScriptError},
    handle::ScriptHandle,
    hooks::text_of,
    stop,
    values::to_lua,
};
use crate::domain::{hook::TurnContext, id::HandlerId};
use serde_json::Value as Json;
use std::{sync::Arc, time::Duration};

/// How long Lua itself may work in one run of a job: other handlers wait meanwhile.
pub const CRON_CPU_LIMIT: Duration = Duration::from_secs(10);

/// Calls a job's function. Text comes back as it is, nothing as `None`, anything else as JSON.
/// Dropping the future stops it.
///
/// # Errors
/// What the function raised, or why it did not run or end in time.
pub async fn run_job(
    handle: &ScriptHandle,
    handler: HandlerId,
    payload: Json,
    context: &TurnContext,
    timeout: Duration,
) -> Result<Option<String>, ScriptError> {
    let (limits, context) = (Limits { cpu: CRON_CPU_LIMIT.min(timeout), wall: timeout }, context.clone());
    handle
        .run_waiting(limits.wall, move |vm, waits| async move {
            let function = vm.function(handler)?;
            let payload = to_lua(&vm.lua, &payload)?;
            let result =
                stop::during(Arc::new(context), vm.invoke_waiting(&function, payload, limits, waits)).await?;
            if result.is_nil() {
                return Ok(None);
            }
            text_of(&vm, &result).map(Some).map_err(|reason| {
                let message = format!("the job returned something else than data: {reason}");
                ScriptError::new(ErrorKind::Result, message)
            })
        })
        .await
}
