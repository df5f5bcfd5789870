//! What the model reads of a run.

use crate::{
    domain::call::{ToolCall, ToolResult, ToolStatus},
    sandbox::{
        Exit,
        lua::{Broken, Done},
    },
};
use serde_json::Value;

/// The result of a run that made these calls.
pub(super) fn result(call: &ToolCall, ended: Result<Done, Broken>, made: Vec<Value>) -> ToolResult {
    let exit = match &ended {
        Ok(done) => done.exit(),
        Err(broken) => broken.exit(),
    };
    let (status, text) = match ended {
        Ok(Done { printed, error: Some(error), .. }) => {
            (ToolStatus::Error, with_printed(format!("error: {error}"), &printed))
        }
        Ok(Done { printed, returned: Some(returned), .. }) if printed.is_empty() => {
            (ToolStatus::Ok, returned)
        }
        Ok(Done { printed, returned: Some(returned), .. }) => {
            (ToolStatus::Ok, format!("printed:\n{}\nreturned:\n{returned}", printed.trim_end_matches('\n')))
        }
        Ok(Done { printed, .. }) if printed.is_empty() => {
            (ToolStatus::Ok, "done; nothing was printed or returned".into())
        }
        Ok(Done { printed, .. }) => (ToolStatus::Ok, printed),
        Err(broken) => (ToolStatus::Error, format!("error: {broken}")),
    };
    let mut result = ToolResult::new(call, status, text);
    result.meta.insert("calls".into(), made.into());
    result.meta.insert("exit".into(), exit.name().into());
    if exit == Exit::TimedOut {
        result.meta.insert("timed_out".into(), true.into());
    }
    result
}

fn with_printed(text: String, printed: &str) -> String {
    if printed.is_empty() { text } else { format!("{text}\nprinted before:\n{printed}") }
}
