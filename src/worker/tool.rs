//! `worker.spawn`: has a worker do something. The model chooses a profile by name, and which of a
//! worker's tools it gets; what the container sees and may is the profile's.

use super::{
    MAX_TASK, Workers,
    protocol::Ending,
    spawn::{NoReport, Order, Report, What},
};
use crate::{
    domain::{
        BoxFuture, JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        tool::{Effect, ToolSpec},
    },
    policy::{Authorized, Scope},
    sandbox::Exit,
    tool::{
        Tool,
        container::{self, note_output, without_output},
    },
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// The tool's name.
const NAME: &str = "worker.spawn";
/// The exit code of what SIGKILL ended.
const KILLED: i32 = 137;

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
                Err(problem) => Err(problem.into()),
            };
            match report {
                Ok(report) => told(&call, report),
                Err(none) => failed(&call, none),
            }
        })
    }
}

/// A worker of which there is no report.
fn failed(call: &ToolCall, none: NoReport) -> ToolResult {
    let NoReport { message, printed } = none;
    let text = format!("{NAME}: {message}");
    let Some((out, err)) = printed else { return ToolResult::new(call, ToolStatus::Error, text) };
    let mut data = JsonMap::new();
    note_output(&mut data, &out, &err);
    let (text, meta) = (text + &container::printed(&out, &err), without_output(&data));
    ToolResult { meta, data: Some(data.into()), ..ToolResult::new(call, ToolStatus::Error, text) }
}

/// What became of a worker, as a model reads it, and as programs do.
fn told(call: &ToolCall, report: Report) -> ToolResult {
    if let Some(Ending::NotRun { why }) = &report.ending {
        return ToolResult::new(call, ToolStatus::Error, format!("{NAME}: {why}"));
    }
    let mut facts = JsonMap::new();
    facts.insert("profile".into(), report.profile.as_str().into());
    let duration = u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX);
    facts.insert("duration_ms".into(), duration.into());
    let Told { exit, status, mut text } = match &report.printed {
        Some((out, err)) => {
            note_output(&mut facts, out, err);
            let mut told = command(&report, &mut facts);
            told.text += &container::printed(out, err);
            told
        }
        None => task(&report, &mut facts),
    };
    if report.out_of_memory && exit != Exit::OutOfMemory {
        text += "\nnote: something in it was killed for want of memory";
    }
    facts.insert("exit".into(), exit.name().into());
    facts.insert("timed_out".into(), (exit == Exit::TimedOut).into());
    facts.insert("out_of_memory".into(), report.out_of_memory.into());
    if status == ToolStatus::Error {
        let problem = text.lines().next().unwrap_or_default();
        facts.insert("problem".into(), problem.into());
    }
    let meta = without_output(&facts);
    ToolResult { meta, data: Some(facts.into()), ..ToolResult::new(call, status, text) }
}

/// How a worker ended, in words.
struct Told {
    exit: Exit,
    status: ToolStatus,
    text: String,
}

impl Told {
    fn error(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, status: ToolStatus::Error, text: text.into() }
    }
}

/// How a command ended.
fn command(report: &Report, facts: &mut JsonMap) -> Told {
    let Some(Ending::Ran { exit, signal, held_open }) = &report.ending else { return other(report) };
    // The engine saw what killed it; the worker sees a signal only.
    let exit = match exit {
        Exit::Failed(KILLED) if report.out_of_memory => Exit::OutOfMemory,
        exit => *exit,
    };
    if let Some(code) = exit.code() {
        facts.insert("exit_code".into(), code.into());
    }
    let mut told = match exit {
        Exit::TimedOut => timed_out(report, "command"),
        Exit::OutOfMemory => Told::error(exit, "killed: it wanted more memory than its profile has"),
        Exit::Cancelled => Told::error(exit, "killed: it waits for a terminal"),
        exit => {
            let code = exit.code().unwrap_or_default();
            let text = match signal {
                Some(signal) => format!("ended by signal {signal}"),
                None => format!("exit code {code}"),
            };
            Told { exit, status: ToolStatus::Ok, text }
        }
    };
    if *held_open {
        told.text += "\nnote: a process that left the group was still running and held the output";
    }
    told
}

/// How a task ended.
fn task(report: &Report, facts: &mut JsonMap) -> Told {
    match (report.exit, &report.ending) {
        (Exit::Done, Some(Ending::Answered { text, rounds })) => {
            facts.insert("rounds".into(), (*rounds).into());
            facts.insert("text".into(), text.as_str().into());
            Told { exit: Exit::Done, status: ToolStatus::Ok, text: text.clone() }
        }
        (Exit::Done, Some(Ending::Failed { why, rounds })) => {
            facts.insert("rounds".into(), (*rounds).into());
            Told::error(Exit::Failed(1), format!("the worker ended without an answer: {why}"))
        }
        _ => other(report),
    }
}

/// How a worker ended that did not end its task.
fn other(report: &Report) -> Told {
    match (report.exit, &report.ending) {
        (Exit::TimedOut, _) => timed_out(report, "worker"),
        (Exit::OutOfMemory, _) => Told::error(
            Exit::OutOfMemory,
            "the worker was killed: it wanted more memory than its profile has",
        ),
        (exit, _) => {
            let words = if report.last_words.is_empty() { "it said nothing" } else { &report.last_words };
            let exit = if exit == Exit::Done { Exit::Failed(1) } else { exit };
            Told::error(exit, format!("the worker broke off ({}): {words}", exit.name()))
        }
    }
}

fn timed_out(report: &Report, what: &str) -> Told {
    let seconds = report.limit.as_secs_f64();
    Told::error(Exit::TimedOut, format!("timed out after {seconds} s: the {what} was killed"))
}
