//! `wasm.run`: a WebAssembly module, for scripts. Models run modules as skills.

use super::{Options, Tool, arguments};
use crate::{
    domain::{
        BoxFuture,
        call::{ToolCall, ToolResult, ToolStatus},
        tool::{Effect, ToolSpec},
    },
    policy::{Authorized, Scope},
    sandbox::{
        Exit, Limits,
        wasm::{Job, MAX_MODULE, Wasm},
    },
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// The tool.
pub fn wasm_run(options: Options, wasm: Wasm) -> Arc<dyn Tool> {
    let spec = ToolSpec {
        name: "wasm.run".into(),
        description: "Runs a WebAssembly module by the ABI of skills.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "The module; relative to the workspace."},
                "input": {"description": "What it gets, as JSON."},
                "workspace": {"type": "boolean", "description": "Whether it sees the workspace, read-only."},
                "timeout": {"type": "number", "description": "Seconds."},
                "memory_mb": {"type": "integer", "description": "Mebibytes."},
                "fuel": {"type": "integer", "description": "Instructions, roughly."}
            },
            "required": ["path"]
        })
        .into(),
        effect: Effect::Act,
    };
    Arc::new(WasmRun { spec, options, wasm })
}

struct WasmRun {
    spec: ToolSpec,
    options: Options,
    wasm: Wasm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    path: PathBuf,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    workspace: bool,
    timeout: Option<f64>,
    memory_mb: Option<u64>,
    fuel: Option<u64>,
}

impl WasmRun {
    async fn call(&self, call: &ToolCall) -> Result<ToolResult, String> {
        let args: Args = arguments::parse(&call.args)?;
        let path = self.options.workspace.join(&args.path);
        let timeout = match args.timeout.map(Duration::try_from_secs_f64) {
            None => self.options.timeout,
            Some(Ok(time)) if !time.is_zero() && time <= self.options.max_timeout => time,
            Some(_) => {
                let most = self.options.max_timeout.as_secs_f64();
                return Err(format!("timeout must be more than 0 and at most {most} seconds"));
            }
        };
        let read = path.clone();
        let module = tokio::task::spawn_blocking(move || match std::fs::metadata(&read) {
            Ok(found) if found.len() > MAX_MODULE as u64 => Err(std::io::Error::other("it is too large")),
            _ => std::fs::read(&read),
        });
        let module = match module.await {
            Ok(module) => module.map_err(|error| format!("{}: {error}", path.display()))?,
            Err(error) => return Err(error.to_string()),
        };
        let workspace = args.workspace.then(|| self.options.workspace.clone());
        let job = Job { module, input: args.input, workspace, fuel: args.fuel };
        let limits =
            Limits { timeout, memory_bytes: args.memory_mb.map(|mb| mb << 20), ..self.options.limits() };
        let outcome =
            self.wasm.run(job, &limits, &self.options.keep()).await.map_err(|error| error.to_string())?;
        let data = json!({
            "exit": outcome.exit.name(), "result": outcome.result, "problem": outcome.problem,
            "stdout": outcome.stdout.text, "stderr": outcome.stderr.text,
            "duration_ms": u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX),
        });
        let content = outcome.problem.unwrap_or_else(|| match outcome.exit {
            Exit::Done => outcome.result.unwrap_or_default().to_string(),
            exit => exit.name().to_owned(),
        });
        Ok(ToolResult { data: Some(data), ..ToolResult::new(call, ToolStatus::Ok, content) })
    }
}

impl Tool for WasmRun {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, _: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let call = call.into_inner();
            match self.call(&call).await {
                Ok(result) => result,
                Err(problem) => ToolResult::new(&call, ToolStatus::Error, format!("wasm.run: {problem}")),
            }
        })
    }
}
