//! The tools: those built in, and those written in Lua.

use super::{ConfigError, Loaded};
use crate::{
    domain::{
        BoxFuture,
        call::{ToolCall, ToolResult, ToolStatus},
        hook::TurnContext,
        plan::LuaTool,
        tool::ToolSpec,
    },
    policy::{Authorized, Floor, FloorCheck},
    script::{ScriptHandle, run_tool},
    tool::{Options, Tool, ToolRegistry, builtin},
};
use std::{path::PathBuf, sync::Arc};

/// The directory in the state directory where long outputs are kept whole.
const OUTPUTS: &str = "outputs";

/// All tools.
pub(super) fn registry(loaded: &Loaded) -> anyhow::Result<ToolRegistry> {
    let settings = &loaded.settings;
    let options = Options {
        timeout: settings.tool_timeout,
        max_timeout: settings.max_tool_timeout,
        output_chars: settings.tool_output_chars,
        spill_bytes: settings.spill_bytes,
        pass_env: settings.pass_env.clone(),
        protected: protected(loaded),
        redact: Some(Arc::new(loaded.secrets.redactor().clone())),
        ..Options::new(loaded.workspace(), loaded.dirs.state.join(OUTPUTS))
    };
    let mut registry = builtin(options);
    for tool in &loaded.plan.tools {
        let script = loaded.script.clone();
        registry
            .register(Arc::new(Scripted { script, tool: tool.clone() }))
            .map_err(|error| ConfigError::new(format!("{}: {error}", tool.location)))?;
    }
    Ok(registry)
}

/// What no tool may touch, whatever it is allowed.
fn protected(loaded: &Loaded) -> Vec<PathBuf> {
    let mut paths = vec![loaded.dirs.config.clone(), loaded.dirs.state.clone()];
    paths.extend(loaded.located.init.clone());
    paths.extend(loaded.located.toml.clone());
    let database = &loaded.settings.database;
    for suffix in ["", "-wal", "-shm"] {
        let mut path = database.clone().into_os_string();
        path.push(suffix);
        paths.push(path.into());
    }
    paths
}

/// The floor that no rule, hook or person lifts.
pub(super) fn floor(loaded: &Loaded) -> FloorCheck {
    Floor::new(protected(loaded)).guarding(loaded.workspace(), &[("fs.write", "path"), ("fs.edit", "path")])
}

/// A tool whose work is a Lua function.
struct Scripted {
    script: ScriptHandle,
    tool: LuaTool,
}

impl Tool for Scripted {
    fn spec(&self) -> &ToolSpec {
        &self.tool.spec
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, context: &'a TurnContext) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let args = call.get().args.clone();
            match run_tool(&self.script, &self.tool, args, context).await {
                Ok(text) => ToolResult::new(call.get(), ToolStatus::Ok, text),
                Err(error) => ToolResult::new(call.get(), ToolStatus::Error, error.to_string()),
            }
        })
    }
}
