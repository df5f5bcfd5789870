//! Running a skill's program: as a process of this machine's, or as a WebAssembly guest.

use super::failed;
use crate::{
    domain::{
        JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
    },
    policy::Nested,
    sandbox::{
        Exit, Limits, Output,
        process::{Command, environment, run, shell},
        wasm::{Job, Wasm, WasmOutcome},
    },
    skill::{Mode, Skill},
    tool::{
        Options,
        container::{Place, Profiles, Task},
    },
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, ffi::OsStr, ffi::OsString, path::Path, sync::Arc};

/// What runs a file of this name.
const PROCESSES: &[(&str, &[&str])] = &[("run.sh", &["bash"]), ("main.py", &["python3", "python"])];
/// Where a container sees the folder of the skill that it runs.
const IN_CONTAINER: &str = "/skill";
/// The module of a skill in WebAssembly.
const MODULE: &str = "skill.wasm";
/// Arguments longer than this come on standard input alone: an environment variable has its limits.
const MAX_ARGS_VARIABLE: usize = 100_000;

/// Runs programs of skills.
pub(super) struct Programs {
    pub(super) options: Options,
    pub(super) wasm: Wasm,
    pub(super) profiles: Arc<Profiles>,
}

/// The file of a skill that is its program, if it has one.
pub(super) fn of(skill: &Skill) -> Option<&'static str> {
    let there = |name: &str| match &skill.folder {
        Some(folder) => folder.join(name).is_file(),
        None => skill.file(name).is_some(),
    };
    match skill.front.mode {
        Mode::Wasm => Some(MODULE).filter(|name| there(name)),
        Mode::Subprocess | Mode::Container => {
            PROCESSES.iter().map(|(file, _)| *file).find(|name| there(name))
        }
    }
}

impl Programs {
    fn limits(&self, skill: &Skill) -> Limits {
        let limits = self.options.limits();
        let timeout = skill.front.timeout.unwrap_or(limits.timeout).min(self.options.max_timeout);
        Limits { timeout, ..limits }
    }

    /// `run.sh` by bash, or `main.py` by Python: arguments as JSON on standard input and in
    /// `SKILL_ARGS`, in the workspace, with the skill's folder in `SKILL_DIR`.
    pub(super) async fn process(&self, call: &ToolCall, skill: &Skill, args: JsonMap) -> ToolResult {
        let Some(folder) = &skill.folder else { return failed(call, "this skill has no files on the disk") };
        let Some((file, interpreters)) = PROCESSES.iter().find(|(file, _)| folder.join(file).is_file())
        else {
            let advice = "it has neither run.sh nor main.py: follow what skill.load says";
            return failed(call, format!("the skill {} has no program: {advice}", skill.front.name));
        };
        let mut env = environment(&self.options.pass_env);
        let path = env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
        let Some(interpreter) = interpreters.iter().find(|name| is_there(name, &path)) else {
            return failed(call, format!("{} is not installed", interpreters.join(" or ")));
        };
        if let Some(missing) = missing(skill, &path) {
            return failed(
                call,
                format!("the skill {} needs {missing}, which is not installed", skill.front.name),
            );
        }
        let args = Value::Object(args).to_string();
        if args.len() <= MAX_ARGS_VARIABLE {
            env.insert("SKILL_ARGS".into(), args.clone().into());
        }
        env.insert("SKILL_DIR".into(), folder.clone().into());
        env.insert("SKILL_NAME".into(), skill.front.name.clone().into());
        let argv = vec![(*interpreter).to_owned(), folder.join(file).to_string_lossy().into_owned()];
        let command = Command { argv, cwd: self.options.workspace.clone(), env, stdin: Some(args) };
        let limits = self.limits(skill);
        match run(command, &limits, &self.options.keep()).await {
            Ok(outcome) => {
                let seconds = limits.timeout.as_secs_f64();
                told(call, skill, outcome.exit, None, seconds, (&outcome.stdout, &outcome.stderr))
            }
            Err(error) => failed(call, error),
        }
    }

    /// `run.sh` or `main.py` in a container, which sees the skill's folder read-only.
    pub(super) async fn container(
        &self,
        call: &ToolCall,
        skill: &Skill,
        args: JsonMap,
        nested: &dyn Nested,
    ) -> ToolResult {
        let Some(folder) = &skill.folder else { return failed(call, "this skill has no files on the disk") };
        let Some(file) = of(skill) else {
            return failed(call, format!("the skill {} has neither run.sh nor main.py", skill.front.name));
        };
        let interpreter = if file == "main.py" { "python3" } else { "sh" };
        let args = Value::Object(args).to_string();
        let mut env = vec![("SKILL_DIR".to_owned(), IN_CONTAINER.to_owned())];
        if args.len() <= MAX_ARGS_VARIABLE {
            env.push(("SKILL_ARGS".into(), args.clone()));
        }
        let task = Task {
            profile: None,
            image: skill.front.image.clone(),
            argv: vec![interpreter.into(), format!("{IN_CONTAINER}/{file}")],
            stdin: Some(args),
            timeout: skill.front.timeout.map(|time| time.min(self.options.max_timeout)),
            folder: Some((folder.clone(), IN_CONTAINER.into())),
            env,
        };
        match self.profiles.run(task, &self.profiles.progress(nested)).await {
            Ok(done) => {
                let seconds = done.limit.as_secs_f64();
                let note = (done.place == Place::Process)
                    .then(|| "it ran as a confined process: no Docker answers".to_owned());
                let problem = note.filter(|_| done.exit != Exit::Done);
                told(call, skill, done.exit, problem, seconds, (&done.stdout, &done.stderr))
            }
            Err(problem) => failed(call, problem),
        }
    }

    /// `skill.wasm` in the sandbox: the call as JSON through its memory, the workspace read-only.
    pub(super) async fn wasm(&self, call: &ToolCall, skill: &Skill, args: JsonMap) -> ToolResult {
        let Some(module) = skill.file(MODULE) else {
            return failed(call, format!("the skill {} has no {MODULE}", skill.front.name));
        };
        let input = json!({"id": call.id.as_str(), "name": skill.front.name, "args": args});
        let job = Job { module, input, workspace: Some(self.options.workspace.clone()), fuel: None };
        let limits = self.limits(skill);
        match self.wasm.run(job, &limits, &self.options.keep()).await {
            Ok(WasmOutcome { exit: Exit::Done, result: Some(result), stderr, .. }) => {
                answered(call, result, &stderr)
            }
            Ok(outcome) => {
                let seconds = limits.timeout.as_secs_f64();
                told(call, skill, outcome.exit, outcome.problem, seconds, (&outcome.stdout, &outcome.stderr))
            }
            Err(error) => failed(call, error),
        }
    }
}

/// A program that the skill needs and that is not there.
fn missing(skill: &Skill, path: &OsString) -> Option<String> {
    let needs = &skill.front.needs;
    if let Some(program) = needs.programs.iter().find(|name| !is_there(name, path)) {
        return Some(program.clone());
    }
    let none = !needs.one_of.is_empty() && !needs.one_of.iter().any(|name| is_there(name, path));
    none.then(|| format!("one of {}", needs.one_of.join(", ")))
}

fn is_there(program: &str, path: &OsString) -> bool {
    if program == "bash" {
        return shell(path) == "bash";
    }
    let plain = !program.is_empty() && !program.contains('/');
    plain && std::env::split_paths(path).any(|dir| dir.is_absolute() && Path::is_file(&dir.join(program)))
}

/// What a WebAssembly skill answered: a `ToolResult` of its own, or any other document as it is.
fn answered(call: &ToolCall, result: Value, stderr: &Output) -> ToolResult {
    let status = match result.get("status").and_then(Value::as_str) {
        Some("error") => ToolStatus::Error,
        _ => ToolStatus::Ok,
    };
    let mut content = match result.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => result.to_string(),
    };
    if status == ToolStatus::Error && !stderr.text.is_empty() {
        content += &format!("\nstderr:\n{}", stderr.text.trim_end());
    }
    let data = result.get("data").cloned();
    ToolResult { data, ..ToolResult::new(call, status, content) }
}

/// What a program printed, and how it ended. Anything but success is an error.
fn told(
    call: &ToolCall,
    skill: &Skill,
    exit: Exit,
    problem: Option<String>,
    seconds: f64,
    (stdout, stderr): (&Output, &Output),
) -> ToolResult {
    let name = &skill.front.name;
    let mut meta = BTreeMap::from([("exit", json!(exit))]);
    let (status, mut text) = match exit {
        Exit::Done => (ToolStatus::Ok, String::new()),
        Exit::Failed(code) => {
            meta.insert("exit_code", code.into());
            (ToolStatus::Error, format!("the skill {name} failed with exit code {code}"))
        }
        Exit::TimedOut => {
            meta.insert("timed_out", true.into());
            (ToolStatus::Error, format!("the skill {name} was stopped after {seconds} s"))
        }
        Exit::OutOfMemory => (ToolStatus::Error, format!("the skill {name} ran out of memory")),
        Exit::Cancelled => {
            (ToolStatus::Error, format!("the skill {name} was stopped: it waits for a terminal"))
        }
    };
    if let Some(problem) = problem {
        text += &format!(": {problem}");
    }
    for (label, output) in [("", stdout), ("stderr:\n", stderr)] {
        if output.bytes > 0 && (status == ToolStatus::Error || label.is_empty()) {
            let gap = if text.is_empty() { "" } else { "\n" };
            text += &format!("{gap}{label}{}", output.text.trim_end_matches('\n'));
        }
    }
    let meta = meta.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let data = json!({"stdout": stdout.text, "stderr": stderr.text});
    ToolResult { meta, data: Some(data), ..ToolResult::new(call, status, text) }
}
