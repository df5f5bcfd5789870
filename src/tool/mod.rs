//! What a model can do: the tools, and the registry that runs them.

mod arguments;
pub mod container;
pub mod fs;
mod http_get;
mod lua_run;
mod redacting;
mod registry;
pub mod skill;
mod system_run;
mod wasm_run;

pub use registry::{MAX_DATA, RegisterError, ToolRegistry};
pub use system_run::MAX_TIMEOUT;
pub use wasm_run::wasm_run;

use crate::{
    domain::{
        BoxFuture, JsonMap,
        call::{ToolCall, ToolResult},
        tool::ToolSpec,
    },
    net,
    policy::{Authorized, Objection, Scope},
    sandbox::{DEFAULT_OUTPUT_CHARS, DEFAULT_SPILL_BYTES, DEFAULT_TIMEOUT, Filter, Keep, Limits},
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Characters of a command's result for all that isn't output.
pub const HEADING_ROOM: usize = 512;

/// Something a model can do.
pub trait Tool: Send + Sync {
    /// What it is called and takes. Stays the same.
    fn spec(&self) -> &ToolSpec;

    /// What it has against these arguments, which fit its schema, as far as that can be told without doing
    /// anything. Only looks, for an instant.
    fn objection(&self, _args: &JsonMap) -> Option<Objection> {
        None
    }

    /// Does it. Failures are results, for the model to read. Dropping the future stops what runs.
    fn run<'a>(&'a self, call: Authorized<ToolCall>, scope: Scope<'a>) -> BoxFuture<'a, ToolResult>;
}

/// What the built-in tools work with.
#[derive(Clone)]
pub struct Options {
    /// Where commands run, and beneath which files are read and written. Absolute.
    pub workspace: PathBuf,
    /// Where output goes that is too long to be shown. Made when needed, for its owner only.
    pub spill_dir: PathBuf,
    /// How long a command may take when the call doesn't say.
    pub timeout: Duration,
    /// How long a call may ask for, at most.
    pub max_timeout: Duration,
    /// Characters in a result, at most.
    pub output_chars: usize,
    /// Bytes of each stream of output that are kept in `spill_dir`, at most.
    pub spill_bytes: u64,
    /// Names of our own environment variables that commands get besides the usual ones.
    pub pass_env: Vec<String>,
    /// Files and directories (with all in them) that the file tools neither read nor write. Absolute;
    /// they need not exist.
    pub protected: Vec<PathBuf>,
    /// Names that the file tools would protect wherever they are (see [`fs::PROTECTED_NAMES`]), and
    /// shall not.
    pub unprotected: Vec<String>,
    /// The way to the web; without one there is no `http.get`.
    pub web: Option<net::Client>,
    /// Takes secrets out of every result.
    pub redact: Option<Arc<dyn Filter>>,
    /// The openpista program, of which `lua.run` starts a process for each run. `None`: there is no
    /// such tool.
    pub lua_worker: Option<PathBuf>,
}

impl Options {
    /// The defaults, for a workspace.
    pub fn new(workspace: impl Into<PathBuf>, spill_dir: impl Into<PathBuf>) -> Self {
        Self {
            workspace: workspace.into(),
            spill_dir: spill_dir.into(),
            timeout: DEFAULT_TIMEOUT,
            max_timeout: MAX_TIMEOUT,
            output_chars: DEFAULT_OUTPUT_CHARS,
            spill_bytes: DEFAULT_SPILL_BYTES,
            pass_env: Vec::new(),
            protected: Vec::new(),
            unprotected: Vec::new(),
            web: None,
            redact: None,
            lua_worker: None,
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            timeout: self.timeout,
            output_chars: self.output_chars,
            spill_bytes: self.spill_bytes,
            ..Limits::default()
        }
    }

    fn keep(&self) -> Keep {
        Keep { dir: self.spill_dir.clone(), filter: self.redact.clone() }
    }
}

/// The tools that are always there: `fs.edit`, `fs.list`, `fs.read`, `fs.search`, `fs.write` and
/// `system.run`; and, where there is a program to run it, `lua.run`, and where there is a way to the
/// web, `http.get`. Opens and starts nothing.
pub fn builtin(options: Options) -> ToolRegistry {
    let workspace = Arc::new(fs::Workspace::new(&options));
    builtin_on(&workspace, options)
}

/// The same for scripts, which can do some things with files more.
pub fn builtin_for_scripts(options: Options) -> ToolRegistry {
    let workspace = Arc::new(fs::Workspace::new(&options));
    let mut registry = builtin_on(&workspace, options);
    for tool in fs::for_scripts(&workspace) {
        registry.insert(tool);
    }
    registry
}

fn builtin_on(workspace: &Arc<fs::Workspace>, options: Options) -> ToolRegistry {
    let mut registry = ToolRegistry::new(options.limits(), options.keep());
    for tool in fs::tools(workspace) {
        registry.insert(tool);
    }
    if let Some(client) = &options.web {
        registry.insert(Arc::new(http_get::HttpGet::new(client.clone())));
    }
    if let Some(worker) = options.lua_worker.clone() {
        registry.insert(Arc::new(lua_run::LuaRun::new(worker, options.clone())));
    }
    registry.insert(Arc::new(system_run::SystemRun::new(options)));
    registry
}
