//! A task that is a command. What it prints is told as it comes.

use super::{super::protocol::Ending, telling::Telling};
use crate::{
    domain::{
        JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        cut::middle,
    },
    sandbox::{
        Exit, Keep, Limits, clean,
        process::{Command, environment, run_watched},
    },
    tool::Options,
};
use serde_json::json;

/// Characters of one piece of output that are told while the command runs.
const PIECE: usize = 2_000;

/// Runs it to its end, which is the task's: the container's time is its time.
pub(super) async fn run(
    argv: Vec<String>,
    stdin: Option<String>,
    options: &Options,
    telling: Telling,
) -> Ending {
    let call = ToolCall::new("worker.spawn", JsonMap::new());
    let command = Command { argv, cwd: options.workspace.clone(), env: environment(&[]), stdin };
    let limits = Limits {
        timeout: options.max_timeout,
        output_chars: options.output_chars,
        spill_bytes: options.spill_bytes,
        memory_bytes: None,
    };
    let keep = Keep { dir: options.spill_dir.clone(), filter: None };
    let watch = |piece: &[u8]| {
        let text = clean(&String::from_utf8_lossy(piece));
        telling.notice(middle(text.trim_end(), PIECE));
    };
    let (result, data) = match run_watched(command, &limits, &keep, &watch).await {
        Err(error) => {
            (ToolResult::new(&call, ToolStatus::Error, error.to_string()), json!({ "exit": "failed" }))
        }
        Ok(outcome) => {
            let code = match outcome.exit {
                Exit::Done => Some(0),
                Exit::Failed(code) => Some(code),
                _ => None,
            };
            let status = if code.is_some() { ToolStatus::Ok } else { ToolStatus::Error };
            let mut text = match code {
                Some(code) => format!("exit code {code}"),
                None => outcome.exit.name().replace('_', " "),
            };
            for (name, output) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
                if output.bytes > 0 {
                    text += &format!("\n{name}:\n{}", output.text.trim_end_matches('\n'));
                }
            }
            let data = json!({
                "exit": outcome.exit.name(), "exit_code": code, "timed_out": outcome.exit == Exit::TimedOut,
                "stdout": outcome.stdout.text, "stderr": outcome.stderr.text,
            });
            (ToolResult::new(&call, status, text), data)
        }
    };
    Ending::Ran { result: Box::new(result), data }
}
