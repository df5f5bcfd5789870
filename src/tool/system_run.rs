//! `system.run`: a command of the machine's.

use super::{HEADING_ROOM, Options, Tool, arguments};
use crate::{
    domain::{
        BoxFuture, JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        tool::{Effect, ToolSpec},
    },
    policy::{Authorized, Objection, Scope},
    sandbox::{
        Exit, Output,
        process::{Command, ProcessOutcome, environment, run, shell},
    },
};
use serde::Deserialize;
use serde_json::json;
use std::{collections::BTreeMap, ffi::OsStr, path::PathBuf, time::Duration};

/// The longest time that a call can ask for, unless the options say otherwise.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(3600);

pub(super) struct SystemRun {
    spec: ToolSpec,
    options: Options,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    argv: Option<Vec<String>>,
    command: Option<String>,
    cwd: Option<PathBuf>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    stdin: Option<String>,
    timeout: Option<f64>,
}

impl SystemRun {
    pub(super) fn new(options: Options) -> Self {
        let seconds = options.timeout.as_secs_f64();
        let spec = ToolSpec {
            name: "system.run".into(),
            description: "Runs a command on this machine and returns its exit code and output. Give either \
                argv (a program and its arguments, no shell) or command (a line for the shell). There is no \
                terminal, no editor and no screen: nothing can be asked interactively. Background processes \
                end with the call."
                .into(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "argv": {
                        "type": "array",
                        "items": {"type": "string"},
                        "description": "The program and its arguments, one word per element. Preferred."
                    },
                    "command": {"type": "string", "description": "A line for bash, with pipes and so on."},
                    "cwd": {"type": "string", "description": "Working directory; relative to the workspace."},
                    "env": {
                        "type": "object",
                        "additionalProperties": {"type": "string"},
                        "description": "Environment variables to set besides the usual ones."
                    },
                    "stdin": {"type": "string", "description": "What the command reads; else nothing."},
                    "timeout": {
                        "type": "number",
                        "description": format!(
                            "Seconds after which the command is killed: {seconds} unless given, at most {}.",
                            options.max_timeout.as_secs_f64()
                        )
                    }
                }
            })
            .into(),
            effect: Effect::Act,
        };
        Self { spec, options }
    }

    fn prepare(&self, args: &JsonMap) -> Result<(Command, Duration), String> {
        let args: Args = arguments::parse(args)?;
        let mut env = environment(&self.options.pass_env);
        for (name, value) in args.env {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                return Err(format!(
                    "env: {name:?} can't be set: a name has no =, and neither has a NUL byte"
                ));
            }
            env.insert(name.into(), value.into());
        }
        let argv = match (args.argv, args.command) {
            (Some(argv), None) if argv.is_empty() => {
                return Err("argv is empty: there is nothing to run".into());
            }
            (Some(argv), None) => argv,
            (None, Some(line)) => {
                let path = env.get(OsStr::new("PATH")).map(|path| path.as_os_str()).unwrap_or_default();
                vec![shell(path).into(), "-c".into(), line]
            }
            (Some(_), Some(_)) => return Err("give either argv or command, not both".into()),
            (None, None) => {
                return Err("give argv (a program and its arguments) or command (a shell line)".into());
            }
        };
        let timeout = match args.timeout {
            None => self.options.timeout,
            Some(seconds) => Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|time| !time.is_zero() && *time <= self.options.max_timeout)
                .ok_or_else(|| {
                    let most = self.options.max_timeout.as_secs_f64();
                    format!("timeout must be more than 0 and at most {most} seconds")
                })?,
        };
        let cwd = self.options.workspace.join(args.cwd.unwrap_or_default());
        Ok((Command { argv, cwd, env, stdin: args.stdin }, timeout))
    }

    async fn call(&self, call: ToolCall) -> ToolResult {
        let (command, timeout) = match self.prepare(&call.args) {
            Ok(prepared) => prepared,
            Err(problem) => {
                return ToolResult::new(&call, ToolStatus::Error, format!("system.run: {problem}"));
            }
        };
        let mut limits = self.options.limits();
        limits.timeout = timeout;
        limits.output_chars = limits.output_chars.saturating_sub(HEADING_ROOM);
        let hint = match command.argv.as_slice() {
            [line] if line.contains(' ') => {
                ". argv takes one word per element; a whole line goes into command"
            }
            _ => "",
        };
        match run(command, &limits, &self.options.keep()).await {
            Ok(outcome) => answer(&call, &outcome, timeout, self.options.max_timeout),
            Err(error) => ToolResult::new(&call, ToolStatus::Error, format!("{error}{hint}")),
        }
    }
}

impl Tool for SystemRun {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn objection(&self, args: &JsonMap) -> Option<Objection> {
        let problem = self.prepare(args).err()?;
        Some(Objection::Malformed(format!("system.run: {problem}")))
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, _: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(self.call(call.into_inner()))
    }
}

fn answer(call: &ToolCall, outcome: &ProcessOutcome, timeout: Duration, most: Duration) -> ToolResult {
    let mut status = ToolStatus::Ok;
    let mut text = match (outcome.exit, outcome.signal) {
        (Exit::TimedOut, _) => {
            status = ToolStatus::Error;
            format!(
                "timed out after {} s: the command and its process group were killed. If it needs longer, give a \
                 larger timeout (at most {})",
                timeout.as_secs_f64(),
                most.as_secs_f64()
            )
        }
        (Exit::Cancelled, _) => {
            status = ToolStatus::Error;
            "killed: it stopped to ask something on the terminal, and there is none here. Use options that \
             make it not ask"
                .into()
        }
        (_, Some(signal)) => format!("ended by signal {signal}"),
        (Exit::Failed(code), _) => format!("exit code {code}"),
        (Exit::Done | Exit::OutOfMemory, _) => "exit code 0".into(),
    };
    if outcome.held_open {
        text +=
            "\nnote: a process that left the group is still running and holds the output; reading stopped";
    }
    let (out, err) = (&outcome.stdout, &outcome.stderr);
    if out.lossy || err.lossy {
        text += "\nnote: bytes that aren't UTF-8 are shown as \u{fffd}";
    }
    if out.bytes + err.bytes == 0 {
        text += "\nno output";
    }
    section(&mut text, "stdout", out);
    section(&mut text, "stderr", err);
    let meta = facts(outcome);
    let mut data = meta.clone();
    data.insert("stdout".into(), out.text.as_str().into());
    data.insert("stderr".into(), err.text.as_str().into());
    ToolResult { meta, data: Some(data.into()), ..ToolResult::new(call, status, text) }
}

fn section(text: &mut String, name: &str, output: &Output) {
    if output.bytes > 0 {
        text.push_str(&format!("\n{name}:\n"));
        text.push_str(output.text.trim_end_matches('\n'));
    }
}

fn facts(outcome: &ProcessOutcome) -> JsonMap {
    let (out, err) = (&outcome.stdout, &outcome.stderr);
    let mut meta = JsonMap::new();
    let mut fact = |name: &str, value: serde_json::Value| meta.insert(name.into(), value);
    match (outcome.exit, outcome.signal) {
        (_, Some(signal)) => fact("signal", signal.into()),
        (Exit::Failed(code), None) => fact("exit_code", code.into()),
        (Exit::Done, None) => fact("exit_code", 0.into()),
        _ => None,
    };
    fact("timed_out", (outcome.exit == Exit::TimedOut).into());
    fact("duration_ms", u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX).into());
    fact("stdout_bytes", out.bytes.into());
    fact("stderr_bytes", err.bytes.into());
    let left_out = out.left_out + err.left_out;
    fact("truncated", (left_out > 0).into());
    if left_out > 0 {
        fact("truncated_bytes", left_out.into());
    }
    for (name, output) in [("spill", out), ("spill_stderr", err)] {
        if let Some(path) = &output.spill {
            fact(name, path.to_string_lossy().into());
        }
    }
    if out.lossy || err.lossy {
        fact("lossy", true.into());
    }
    meta
}

#[cfg(test)]
mod tests;
