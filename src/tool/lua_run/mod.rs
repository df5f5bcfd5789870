//! `lua.run`: a program of the model's, which calls the model's other tools as functions.

mod calls;
mod report;
mod signature;

use super::{Options, Tool, arguments};
use crate::{
    domain::{
        BoxFuture,
        call::{ToolCall, ToolResult, ToolStatus},
        tool::{Effect, ToolSpec},
    },
    policy::{Authorized, Scope},
    sandbox::{
        Limits,
        lua::{Job, MAX_CALLS, MAX_CODE, MAX_PROCESSES, MAX_REPLY, Offered, run},
    },
};
use calls::Calls;
use serde::Deserialize;
use serde_json::json;
use std::{path::PathBuf, time::Duration};
use tokio::sync::Semaphore;

/// The tool's name. Programs can't call it.
const NAME: &str = "lua.run";
/// The longest description of a tool that a program is given, in characters.
const MAX_DESCRIPTION: usize = 2_000;

pub(super) struct LuaRun {
    spec: ToolSpec,
    /// This program, for the process.
    worker: PathBuf,
    places: Semaphore,
    options: Options,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    code: String,
    timeout: Option<f64>,
}

impl LuaRun {
    pub(super) fn new(worker: PathBuf, options: Options) -> Self {
        let spec = ToolSpec {
            name: NAME.into(),
            description: format!(
                "Runs a Lua 5.4 program that calls your other tools as functions, for work of many calls in one \
                 step: fs.read{{path=\"a.txt\"}}, system.run{{argv={{\"ls\"}}}}. Each function takes one table with \
                 the tool's own arguments and returns its result: a table of fields where it has some \
                 (system.run: exit_code, stdout, stderr), else its text. A call that fails or is denied raises \
                 a table with status and message; pcall catches it. You see only what the program prints or \
                 returns, so filter there. tools.list() returns the signatures, tools.help(name) tells more, \
                 tools.call(name, args) calls by name. json.encode, json.decode and the libraries table, \
                 string, math, utf8 are there; io, os and require are not. At most {MAX_CALLS} calls, one \
                 after the other; nothing is kept from one program to the next."
            ),
            parameters: json!({
                "type": "object",
                "properties": {
                    "code": {"type": "string", "description": "The program, or an expression."},
                    "timeout": {
                        "type": "number",
                        "description": format!(
                            "Seconds that the program itself may run, waiting for tools not counted: {} unless \
                             given, at most {}.",
                            options.timeout.as_secs_f64(),
                            options.max_timeout.as_secs_f64()
                        )
                    }
                },
                "required": ["code"]
            }).into(),
            effect: Effect::OptIn,
        };
        Self { spec, worker, places: Semaphore::new(MAX_PROCESSES), options }
    }

    fn prepare(&self, call: &ToolCall, scope: Scope<'_>) -> Result<Job, String> {
        let args: Args = arguments::parse(&call.args)?;
        if args.code.len() > MAX_CODE {
            return Err(format!("the program is longer than {MAX_CODE} bytes"));
        }
        let timeout = match args.timeout {
            None => self.options.timeout,
            Some(seconds) => Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|timeout| !timeout.is_zero() && *timeout <= self.options.max_timeout)
                .ok_or_else(|| {
                    let most = self.options.max_timeout.as_secs_f64();
                    format!("timeout: {seconds} is not between 0 and {most} seconds")
                })?,
        };
        let offered = scope.nested.offered();
        let mut tools: Vec<_> = offered.iter().filter(|spec| spec.name != NAME).map(offer).collect();
        // Half of a frame for the program and the rest; without descriptions it is as good.
        if tools.iter().map(|tool| tool.signature.len() + tool.description.len()).sum::<usize>()
            > MAX_REPLY / 2
        {
            tools.iter_mut().for_each(|tool| tool.description.clear());
        }
        let limits = Limits { timeout, ..Limits::default() };
        Ok(Job { code: args.code, max_calls: MAX_CALLS, tools, limits })
    }

    async fn call(&self, call: ToolCall, scope: Scope<'_>) -> ToolResult {
        let job = match self.prepare(&call, scope) {
            Ok(job) => job,
            Err(problem) => return ToolResult::new(&call, ToolStatus::Error, format!("{NAME}: {problem}")),
        };
        // Never closed.
        let _place = self.places.acquire().await;
        let mut calls = Calls::new(scope.nested, self.options.redact.clone());
        let ended = run(&self.worker, &job, &mut calls).await;
        report::result(&call, ended, calls.made())
    }
}

impl Tool for LuaRun {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, scope: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(self.call(call.into_inner(), scope))
    }
}

fn offer(spec: &ToolSpec) -> Offered {
    Offered {
        name: spec.name.clone(),
        signature: signature::signature(spec),
        description: crate::domain::cut::middle(&spec.description, MAX_DESCRIPTION),
    }
}
