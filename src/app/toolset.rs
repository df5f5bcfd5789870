//! The tools: those built in, and those written in Lua.

use super::{ConfigError, Loaded, assemble::StandIn, sandboxes, skills};
use crate::{
    domain::{
        BoxFuture,
        call::{ToolCall, ToolResult, ToolStatus},
        nearest::nearest,
        plan::{LuaTool, ProviderKind},
        rules::{Match, Rule},
        secret::SecretRef,
        tool::ToolSpec,
    },
    llm::Names,
    policy::{Authorized, Executor, Floor, FloorCheck, Scope},
    script::{ScriptHandle, run_tool},
    skill::Shelf,
    tool::{Options, Tool, ToolRegistry, builtin, builtin_for_scripts, container, skill, wasm_run},
    worker,
};
use std::{path::PathBuf, sync::Arc};

/// The directory in the state directory where long outputs are kept whole.
const OUTPUTS: &str = "outputs";

/// Characters of output that a script gets from a tool.
const SCRIPT_OUTPUT_CHARS: usize = 4 << 20;

/// The built-in tools as a script uses them in the user's name: there is room for all output.
pub(super) fn for_scripts(loaded: &Loaded) -> anyhow::Result<ToolRegistry> {
    let options = Options { lua_worker: None, output_chars: SCRIPT_OUTPUT_CHARS, ..options(loaded) };
    let mut registry = builtin_for_scripts(options.clone());
    let profiles = sandboxes::profiles_with(loaded, options.clone())?;
    registry.register(container::tool(Arc::clone(&profiles)))?;
    registry.register(worker::tool(sandboxes::workers(loaded, profiles, options.clone())))?;
    registry.register(wasm_run(options, skills::wasm(loaded)))?;
    Ok(registry)
}

/// The tools as they are in a world of its own.
pub(super) fn within(mut registry: ToolRegistry, loaded: &Loaded, world: Option<&StandIn>) -> ToolRegistry {
    if let Some(stand_in) = world {
        registry.replace(|tool| {
            let scripted = loaded.plan.tools.iter().any(|lua| lua.spec.name == tool.spec().name);
            stand_in(tool, scripted)
        });
    }
    registry
}

/// All tools.
pub(super) fn registry(loaded: &Loaded, shelf: &Arc<Shelf>) -> anyhow::Result<ToolRegistry> {
    let mut registry = builtin(options(loaded));
    let profiles = sandboxes::profiles(loaded)?;
    // Without a profile there is nothing to run in.
    if profiles.names().next().is_some() {
        registry.register(container::tool(Arc::clone(&profiles)))?;
        let workers = sandboxes::workers(loaded, Arc::clone(&profiles), options(loaded));
        registry.register(worker::tool(workers))?;
    }
    for tool in skill::tools(shelf, options(loaded), skills::wasm(loaded), profiles) {
        registry.register(tool)?;
    }
    for tool in &loaded.plan.tools {
        let script = loaded.script.clone();
        registry
            .register(Arc::new(Scripted { script, tool: tool.clone() }))
            .map_err(|error| ConfigError::new(format!("{}: {error}", tool.location)))?;
    }
    Ok(registry)
}

pub(super) fn options(loaded: &Loaded) -> Options {
    let settings = &loaded.settings;
    Options {
        timeout: settings.tool_timeout,
        max_timeout: settings.max_tool_timeout,
        output_chars: settings.tool_output_chars,
        spill_bytes: settings.spill_bytes,
        pass_env: settings.pass_env.clone(),
        unprotected: settings.unprotected.clone(),
        protected: protected(loaded),
        web: Some(loaded.web.clone()),
        redact: Some(Arc::new(loaded.secrets.redactor().clone())),
        lua_worker: this_program(),
        ..Options::new(loaded.workspace(), loaded.dirs.state.join(OUTPUTS))
    }
}

/// This program. On Linux by the link that leads to it also after an upgrade has replaced the file.
fn this_program() -> Option<PathBuf> {
    let link = PathBuf::from("/proc/self/exe");
    if cfg!(target_os = "linux") && link.exists() { Some(link) } else { std::env::current_exe().ok() }
}

/// What is wrong with the rules without being an error: one for a tool that isn't there does nothing.
/// Most likely its name is misspelt.
pub(super) fn warnings(loaded: &Loaded, registry: &ToolRegistry) -> Vec<String> {
    let known = || registry.specs().iter().map(|spec| spec.name.as_str());
    let agents = loaded.plan.agents.values().flat_map(|agent| &agent.rules);
    let channels = loaded.plan.channels.values().flat_map(|channel| &channel.rules);
    let unknown = |rule: &Rule| {
        let (Match::Name(name) | Match::Argv { tool: name, .. }) = &rule.matches;
        if name.contains('*') || known().any(|tool| tool == name) {
            return None;
        }
        let hint = nearest(name, known()).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        Some(format!("{}: there is no tool {name:?}, so this rule does nothing{hint}", rule.location))
    };
    let renamed = |(ours, form): (&str, &str)| {
        let location =
            loaded.plan.tools.iter().find(|tool| tool.spec.name == ours).map(|tool| &tool.location);
        let at = location.map(|location| format!("{location}: ")).unwrap_or_default();
        format!("{at}models know the tool {ours:?} as {form:?}: another tool has the name that it would have")
    };
    let names = Names::of(registry.specs());
    let renamed = names.renamed().map(renamed);
    agents.chain(channels).filter_map(unknown).chain(renamed).chain(one_in_programs(registry)).collect()
}

/// Tools that programs (`lua.run`) cannot tell apart: a name in Lua has no hyphen.
fn one_in_programs(registry: &ToolRegistry) -> impl Iterator<Item = String> {
    let hyphened = registry.specs().iter().filter(|spec| spec.name.contains('-'));
    hyphened.filter_map(|spec| {
        let form = spec.name.replace('-', "_");
        let other = registry.specs().iter().find(|other| other.name != spec.name && other.name == form)?;
        let (name, other) = (&spec.name, &other.name);
        Some(format!("{name:?} and {other:?} have one name in programs: {form} is the second"))
    })
}

/// What no tool may touch, whatever it is allowed.
fn protected(loaded: &Loaded) -> Vec<PathBuf> {
    let mut paths = vec![loaded.dirs.config.clone(), loaded.dirs.state.clone()];
    paths.extend(loaded.located.init.clone());
    paths.extend(loaded.located.toml.clone());
    paths.push(loaded.settings.history.clone());
    paths.extend(key_files(loaded));
    let database = &loaded.settings.database;
    for suffix in ["", "-wal", "-shm"] {
        let mut path = database.clone().into_os_string();
        path.push(suffix);
        paths.push(path.into());
    }
    paths
}

/// The files that keys are read from. The redactor knows a key only once it was used.
fn key_files(loaded: &Loaded) -> impl Iterator<Item = PathBuf> {
    let declared = loaded.plan.providers.values().filter_map(|provider| match &provider.kind {
        ProviderKind::OpenAi { api_key, .. } => api_key.as_ref(),
        ProviderKind::Lua { .. } => None,
    });
    declared.chain(&loaded.settings.api_key).filter_map(|place| match place {
        SecretRef::File(path) => loaded.dirs.absolute(path, loaded.located.directory(&loaded.dirs)).ok(),
        _ => None,
    })
}

/// The modules that an `init.lua` outside the usual place may load: what they hold is run as well.
fn modules(loaded: &Loaded) -> Vec<PathBuf> {
    let directory = loaded.located.directory(&loaded.dirs);
    if !loaded.workspace().starts_with(directory) {
        return vec![directory.to_owned()];
    }
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "lua")).collect();
    paths.push(directory.join("lua"));
    paths
}

/// What changes files, and the argument that names them.
const CHANGING: &[(&str, &str)] = &[
    ("fs.write", "path"),
    ("fs.edit", "path"),
    ("fs.append", "path"),
    ("fs.mkdir", "path"),
    ("fs.remove", "path"),
];

/// The floor that no rule, hook or person lifts.
pub(super) fn floor(loaded: &Loaded) -> FloorCheck {
    let paths = protected(loaded).into_iter().chain(modules(loaded));
    Floor::new(paths).guarding(loaded.workspace(), CHANGING)
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

    fn run<'a>(&'a self, call: Authorized<ToolCall>, scope: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let args = call.get().args.clone();
            match run_tool(&self.script, &self.tool, args, scope.context).await {
                Ok(text) => ToolResult::new(call.get(), ToolStatus::Ok, text),
                Err(error) => ToolResult::new(call.get(), ToolStatus::Error, error.to_string()),
            }
        })
    }
}
