//! `container.run`: a command in a container of its own. The model chooses a profile by name; what the
//! container sees and may is the profile's.

mod profiles;

pub use profiles::{Place, Profiles};

use super::{Tool, arguments};
use crate::{
    domain::{
        BoxFuture, JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        tool::{Effect, ToolSpec},
    },
    policy::{Authorized, Scope},
    sandbox::{Exit, Output},
};
use serde::Deserialize;
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// The tool for these profiles.
pub fn tool(profiles: Arc<Profiles>) -> Arc<dyn Tool> {
    let names: Vec<&str> = profiles.names().collect();
    let description = format!(
        "Runs a command in a fresh container, which is removed afterwards. What it sees and may is fixed by a \
         profile. Profiles: {}.",
        if names.is_empty() { "none is declared".to_owned() } else { names.join(", ") }
    );
    let spec = ToolSpec {
        name: "container.run".into(),
        description,
        parameters: json!({
            "type": "object",
            "properties": {
                "profile": {"type": "string", "description": "The profile; needed where there are several."},
                "argv": {
                    "type": "array", "items": {"type": "string"},
                    "description": "The program and its arguments, one word per element."
                },
                "command": {"type": "string", "description": "A line for the container's sh."},
                "stdin": {"type": "string", "description": "What the command reads; else nothing."},
                "timeout": {"type": "number", "description": "Seconds after which the container is killed."}
            }
        })
        .into(),
        effect: Effect::Act,
    };
    Arc::new(ContainerRun { spec, profiles })
}

struct ContainerRun {
    spec: ToolSpec,
    profiles: Arc<Profiles>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    profile: Option<String>,
    argv: Option<Vec<String>>,
    command: Option<String>,
    stdin: Option<String>,
    timeout: Option<f64>,
}

/// What is to be run in a container.
#[derive(Clone, Debug, Default)]
pub struct Task {
    /// The profile; `None`: the only one.
    pub profile: Option<String>,
    /// The image, in place of the profile's.
    pub image: Option<String>,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// What it reads.
    pub stdin: Option<String>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// A directory that it sees besides, read-only, and where.
    pub folder: Option<(std::path::PathBuf, String)>,
    /// Environment variables besides the profile's.
    pub env: Vec<(String, String)>,
}

/// What became of a task.
#[derive(Clone, Debug)]
pub struct Done {
    /// How it ended.
    pub exit: Exit,
    /// Whether the engine killed something in it for want of memory.
    pub out_of_memory: bool,
    /// Its standard output.
    pub stdout: Output,
    /// Its standard error.
    pub stderr: Output,
    /// How long it took.
    pub duration: Duration,
    /// Where it ran.
    pub place: Place,
    /// How long it might have taken.
    pub limit: Duration,
}

impl ContainerRun {
    fn task(args: &JsonMap) -> Result<Task, String> {
        let args: Args = arguments::parse(args)?;
        let argv = match (args.argv, args.command) {
            (Some(argv), None) if !argv.is_empty() => argv,
            (None, Some(line)) => vec!["sh".into(), "-c".into(), line],
            _ => {
                return Err(
                    "give either argv (a program and its arguments) or command (a line for sh)".into()
                );
            }
        };
        let timeout = match args.timeout.map(Duration::try_from_secs_f64) {
            None => None,
            Some(Ok(time)) if !time.is_zero() => Some(time),
            Some(_) => return Err("timeout: a number of seconds above 0".into()),
        };
        Ok(Task { profile: args.profile, argv, stdin: args.stdin, timeout, ..Task::default() })
    }
}

impl Tool for ContainerRun {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, _: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let call = call.into_inner();
            let done = match Self::task(&call.args) {
                Ok(task) => self.profiles.run(task).await,
                Err(problem) => Err(problem),
            };
            match done {
                Ok(done) => told(&call, &done),
                Err(problem) => {
                    ToolResult::new(&call, ToolStatus::Error, format!("{}: {problem}", call.name))
                }
            }
        })
    }
}

/// What a container did, as a model reads it.
pub(super) fn told(call: &ToolCall, done: &Done) -> ToolResult {
    let (status, mut text) = match done.exit {
        Exit::Done => (ToolStatus::Ok, "exit code 0".to_owned()),
        Exit::Failed(code) => (ToolStatus::Ok, format!("exit code {code}")),
        Exit::TimedOut => {
            let seconds = done.limit.as_secs_f64();
            (ToolStatus::Error, format!("timed out after {seconds} s: the container was killed"))
        }
        Exit::OutOfMemory => (ToolStatus::Error, "killed: it wanted more memory than it may have".to_owned()),
        Exit::Cancelled => (ToolStatus::Error, "killed: it waits for a terminal".to_owned()),
    };
    if done.out_of_memory && done.exit != Exit::OutOfMemory {
        text += "\nnote: something in it was killed for want of memory";
    }
    if done.place == Place::Process {
        text += "\nnote: no Docker engine answers, so this ran as a confined process on the machine itself, as its \
                 profile allows";
    }
    for (name, output) in [("stdout", &done.stdout), ("stderr", &done.stderr)] {
        if output.bytes > 0 {
            text += &format!("\n{name}:\n{}", output.text.trim_end_matches('\n'));
        }
    }
    let data = facts(done);
    let meta = data.iter().filter(|(key, _)| !matches!(key.as_str(), "stdout" | "stderr"));
    let meta = meta.map(|(key, value)| (key.clone(), value.clone())).collect();
    ToolResult { meta, data: Some(data.into()), ..ToolResult::new(call, status, text) }
}

/// The same for programs.
pub(super) fn facts(done: &Done) -> JsonMap {
    let code = match done.exit {
        Exit::Done => Some(0),
        Exit::Failed(code) => Some(code),
        _ => None,
    };
    let facts = json!({
        "exit": done.exit.name(), "exit_code": code, "timed_out": done.exit == Exit::TimedOut,
        "out_of_memory": done.out_of_memory, "stdout": done.stdout.text, "stderr": done.stderr.text,
        "duration_ms": u64::try_from(done.duration.as_millis()).unwrap_or(u64::MAX),
        "place": match done.place { Place::Container => "container", Place::Process => "process" },
    });
    facts.as_object().cloned().unwrap_or_default()
}
