//! `worker.spawn`: has a worker do something. The model chooses a profile by name, and which of a
//! worker's tools it gets; what the container sees and may is the profile's.

use super::{
    MAX_TASK, Workers,
    protocol::Ending,
    spawn::{Order, Report, What},
};
use crate::{
    domain::{
        BoxFuture, JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        tool::{Effect, ToolSpec},
    },
    policy::{Authorized, Scope},
    sandbox::Exit,
    tool::Tool,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// The tool's name.
const NAME: &str = "worker.spawn";

/// The tool for these workers.
pub fn tool(workers: Arc<Workers>) -> Arc<dyn Tool> {
    let names: Vec<&str> = workers.profiles().names().collect();
    let tools: Vec<String> = super::guest::specs().into_iter().map(|spec| spec.name).collect();
    let description = format!(
        "Has a worker do a task: an agent of its own, in a fresh container without a network, which is removed \
         afterwards. Tell it all that it needs; it knows nothing of this conversation, and its closing words come \
         back. Profiles: {}.",
        if names.is_empty() { "none is declared".to_owned() } else { names.join(", ") }
    );
    let spec = ToolSpec {
        name: NAME.into(),
        description,
        parameters: json!({
            "type": "object",
            "properties": {
                "profile": {"type": "string", "description": "The profile; needed where there are several."},
                "task": {"type": "string", "description": "What is to be done, and what is to be answered."},
                "command": {
                    "type": "array", "items": {"type": "string"},
                    "description": "Instead of a task: a program and its arguments, one word per element."
                },
                "stdin": {"type": "string", "description": "What the command reads; else nothing."},
                "tools": {
                    "type": "array", "items": {"type": "string"},
                    "description": format!(
                        "The tools that it gets, of {}, also as fs.*; unless given, those that only look.",
                        tools.join(", ")
                    )
                },
                "timeout": {"type": "number", "description": "Seconds after which the worker is killed."}
            }
        })
        .into(),
        effect: Effect::Act,
    };
    Arc::new(Spawn { spec, workers })
}

struct Spawn {
    spec: ToolSpec,
    workers: Arc<Workers>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    profile: Option<String>,
    task: Option<String>,
    command: Option<Vec<String>>,
    stdin: Option<String>,
    tools: Option<Vec<String>>,
    timeout: Option<f64>,
}

fn order(args: &JsonMap) -> Result<Order, String> {
    let given = args.iter().filter(|(_, value)| !value.is_null());
    let given = given.map(|(name, value)| (name.clone(), value.clone())).collect();
    let args: Args =
        serde_json::from_value(Value::Object(given)).map_err(|error| format!("wrong arguments: {error}"))?;
    let what = match (args.task, args.command) {
        (Some(text), None) if !text.trim().is_empty() => {
            if text.len() > MAX_TASK {
                return Err(format!(
                    "the task is longer than {MAX_TASK} bytes; put it into a file of the workspace"
                ));
            }
            What::Turn(text)
        }
        (None, Some(argv)) if !argv.is_empty() => What::Command { argv, stdin: args.stdin.clone() },
        _ => return Err("give either a task, or a command (a program and its arguments)".into()),
    };
    if args.stdin.is_some() && matches!(what, What::Turn(_)) {
        return Err("stdin is for a command; put what a task needs into its text".into());
    }
    let timeout = match args.timeout.map(Duration::try_from_secs_f64) {
        None => None,
        Some(Ok(time)) if !time.is_zero() => Some(time),
        Some(_) => return Err("timeout: a number of seconds above 0".into()),
    };
    Ok(Order { profile: args.profile, what, tools: args.tools, timeout })
}

impl Tool for Spawn {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, scope: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let call = call.into_inner();
            let report = match order(&call.args) {
                Ok(order) => self.workers.run(order, scope.nested).await,
                Err(problem) => Err(problem),
            };
            match report {
                Ok(report) => told(&call, report),
                Err(problem) => ToolResult::new(&call, ToolStatus::Error, format!("{NAME}: {problem}")),
            }
        })
    }
}

/// What became of a worker, as a model reads it, and as programs do.
fn told(call: &ToolCall, report: Report) -> ToolResult {
    let Report { exit, ending, profile, duration, limit, last_words } = report;
    let mut facts = json!({
        "profile": profile, "exit": exit.name(), "timed_out": exit == Exit::TimedOut,
        "duration_ms": u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
    });
    let (status, text) = match (exit, ending) {
        (Exit::Done, Some(Ending::Answered { text, rounds })) => {
            facts["rounds"] = rounds.into();
            facts["text"] = text.as_str().into();
            (ToolStatus::Ok, text)
        }
        (Exit::Done, Some(Ending::Failed { why, rounds })) => {
            facts["exit"] = "failed".into();
            facts["rounds"] = rounds.into();
            (ToolStatus::Error, format!("the worker ended without an answer: {why}"))
        }
        (Exit::Done, Some(Ending::Ran { result, data })) => {
            if let (Some(facts), Value::Object(data)) = (facts.as_object_mut(), data) {
                facts.extend(data);
            }
            (result.status, result.content)
        }
        (Exit::TimedOut, _) => {
            (ToolStatus::Error, format!("timed out after {} s: the worker was killed", limit.as_secs_f64()))
        }
        (Exit::OutOfMemory, _) => {
            (ToolStatus::Error, "the worker was killed: it wanted more memory than its profile has".into())
        }
        (exit, _) => {
            let words = if last_words.is_empty() { "it said nothing" } else { &last_words };
            (ToolStatus::Error, format!("the worker broke off ({}): {words}", exit.name()))
        }
    };
    let meta = facts.as_object().cloned().unwrap_or_default();
    let short = |key: &String| !matches!(key.as_str(), "text" | "stdout" | "stderr");
    let meta = meta.into_iter().filter(|(key, _)| short(key)).collect();
    ToolResult { meta, data: Some(facts), ..ToolResult::new(call, status, text) }
}
