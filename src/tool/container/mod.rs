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
    sandbox::{Exit, Output, docker::DockerError},
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

/// Why a task has no outcome.
#[derive(Clone, Debug)]
pub struct Undone {
    /// For a person to read.
    pub message: String,
    /// What it printed until the engine was lost; `None`: nothing was run.
    pub until: Option<Box<(Output, Output)>>,
}

impl From<String> for Undone {
    fn from(message: String) -> Self {
        Self { message, until: None }
    }
}

impl From<DockerError> for Undone {
    fn from(error: DockerError) -> Self {
        let message = error.to_string();
        match error {
            DockerError::Lost(lost) => Self { message, until: Some(Box::new((lost.stdout, lost.stderr))) },
            _ => Self { message, until: None },
        }
    }
}

impl std::fmt::Display for Undone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
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

    fn run<'a>(&'a self, call: Authorized<ToolCall>, scope: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let call = call.into_inner();
            let progress = self.profiles.progress(scope.nested);
            let done = match Self::task(&call.args) {
                Ok(task) => self.profiles.run(task, &progress).await,
                Err(problem) => Err(problem.into()),
            };
            match done {
                Ok(done) => told(&call, &done),
                Err(undone) => failed(&call, &undone),
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
    text += &printed(&done.stdout, &done.stderr);
    let data = facts(done);
    let meta = without_output(&data);
    ToolResult { meta, data: Some(data.into()), ..ToolResult::new(call, status, text) }
}

/// A call of which nothing was run, or of which it is not known what became of it.
fn failed(call: &ToolCall, undone: &Undone) -> ToolResult {
    let text = format!("{}: {undone}", call.name);
    let Some((out, err)) = undone.until.as_deref() else {
        return ToolResult::new(call, ToolStatus::Error, text);
    };
    let mut data = JsonMap::new();
    note_output(&mut data, out, err);
    let (text, meta) = (text + &printed(out, err), without_output(&data));
    ToolResult { meta, data: Some(data.into()), ..ToolResult::new(call, ToolStatus::Error, text) }
}

/// What was printed, as a model reads it.
pub(crate) fn printed(stdout: &Output, stderr: &Output) -> String {
    let mut text = String::new();
    for (name, output) in [("stdout", stdout), ("stderr", stderr)] {
        if output.bytes > 0 {
            text += &format!("\n{name}:\n{}", output.text.trim_end_matches('\n'));
        }
    }
    text
}

/// What was printed, for programs, and what of it is not shown.
pub(crate) fn note_output(data: &mut JsonMap, stdout: &Output, stderr: &Output) {
    let left_out = stdout.left_out + stderr.left_out;
    data.insert("stdout".into(), stdout.text.as_str().into());
    data.insert("stderr".into(), stderr.text.as_str().into());
    data.insert("truncated".into(), (left_out > 0).into());
    for (name, output) in [("spill", stdout), ("spill_stderr", stderr)] {
        if let Some(path) = &output.spill {
            data.insert(name.into(), path.to_string_lossy().into());
        }
    }
}

/// The facts without the output itself, which the text holds.
pub(crate) fn without_output(data: &JsonMap) -> JsonMap {
    let short = data.iter().filter(|(key, _)| !matches!(key.as_str(), "stdout" | "stderr" | "text"));
    short.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The same for programs.
pub(super) fn facts(done: &Done) -> JsonMap {
    let facts = json!({
        "exit": done.exit.name(), "exit_code": done.exit.code(), "timed_out": done.exit == Exit::TimedOut,
        "out_of_memory": done.out_of_memory,
        "duration_ms": u64::try_from(done.duration.as_millis()).unwrap_or(u64::MAX),
        "place": match done.place { Place::Container => "container", Place::Process => "process" },
    });
    let mut facts = facts.as_object().cloned().unwrap_or_default();
    note_output(&mut facts, &done.stdout, &done.stderr);
    facts
}
