//! From a loaded configuration to what answers messages.

use super::{
    ConfigError, Loaded,
    models::{self, Models},
    oddities, open_doors, roster, skills, toolset,
};
use crate::{
    agent::{Agent, Parts, TurnLimits},
    domain::{approval::Approver, chat::LlmProvider},
    gateway::{Roster, Setup},
    policy::{Executor, Gate},
    script::{HookLimits, ScriptHooks},
    skill::Shelf,
    tool::{Tool, ToolRegistry},
};
use std::sync::Arc;

/// One generation of the configuration, ready to work.
pub(super) struct Live {
    pub(super) loaded: Loaded,
    pub(super) registry: Arc<ToolRegistry>,
    pub(super) models: Models,
    /// What answers: the models, or what stands for them.
    pub(super) llm: Arc<dyn LlmProvider>,
    pub(super) setup: Arc<Setup>,
    pub(super) shelf: Arc<Shelf>,
    /// What stands in the place of tools.
    pub(super) tools: Option<StandIn>,
}

/// What stands for the outside. Where nothing does, the outside itself.
pub(super) struct World {
    /// Is asked where the policy asks.
    pub(super) approver: Arc<dyn Approver>,
    /// Answers in place of the models that are configured.
    pub(super) llm: Option<Arc<dyn LlmProvider>>,
    /// Puts something in the place of each tool.
    pub(super) tools: Option<StandIn>,
}

/// Takes a tool, and whether it is a function of `init.lua`; gives what stands in its place.
pub(super) type StandIn = Arc<dyn Fn(Arc<dyn Tool>, bool) -> Arc<dyn Tool> + Send + Sync>;

/// What can be told of a configuration before anything is opened.
pub(super) struct Checked {
    pub(super) models: Models,
    pub(super) registry: ToolRegistry,
    pub(super) roster: Roster,
    pub(super) shelf: Arc<Shelf>,
    /// What is odd about it.
    pub(super) warnings: Vec<String>,
    /// What others may do by channels that are open to them.
    pub(super) open_doors: Vec<String>,
}

/// Checks a configuration: its parts must fit together. `offline`: no model of it will be asked.
pub(super) async fn check(loaded: &Loaded, offline: bool) -> anyhow::Result<Checked> {
    let workspace = loaded.workspace();
    loaded.make_workspace()?;
    if !workspace.is_dir() {
        let text = format!("the workspace {} is not a directory", workspace.display());
        return Err(ConfigError::new(text).into());
    }
    let models = if offline { models::offline(loaded)? } else { models::build(loaded).await? };
    let shelf = Arc::new(skills::shelf(loaded));
    let registry = toolset::registry(loaded, &shelf)?;
    let roster = roster::build(loaded, &models.default, Some(&shelf));
    roster.get(&loaded.settings.agent).map_err(ConfigError::new)?;
    for spec in loaded.plan.channels.values() {
        if let Some(agent) = &spec.agent
            && let Err(error) = roster.get(agent)
        {
            return Err(ConfigError::new(format!("{}: pista.channel: {error}", spec.location)).into());
        }
    }
    let mut warnings = toolset::warnings(loaded, &registry);
    warnings.extend(oddities::all(loaded));
    let open_doors = open_doors::warnings(loaded, &roster, registry.specs());
    Ok(Checked { models, registry, roster, shelf, warnings, open_doors })
}

/// Builds everything on a configuration. Nothing acts yet.
pub(super) async fn assemble(loaded: Loaded, approver: Arc<dyn Approver>) -> anyhow::Result<Live> {
    assemble_in(loaded, World { approver, llm: None, tools: None }).await
}

/// The same in a world of its own.
pub(super) async fn assemble_in(loaded: Loaded, world: World) -> anyhow::Result<Live> {
    let checked = check(&loaded, world.llm.is_some()).await?;
    let Checked { models, registry, roster, shelf, warnings, open_doors } = checked;
    // A program that runs one command opens no door.
    let open_doors = if loaded.is_daemon() { open_doors } else { vec![] };
    for warning in warnings.into_iter().chain(open_doors) {
        tracing::warn!("{warning}");
    }
    let memory = loaded.memory()?.clone();
    let registry = Arc::new(toolset::within(registry, &loaded, world.tools.as_ref()));
    let limits = HookLimits { each: loaded.settings.hook_timeout };
    let hooks = Arc::new(ScriptHooks::new(loaded.script.clone(), &loaded.plan, limits));
    let gate = Gate::new(hooks.clone(), world.approver, Arc::new(memory.clone()), loaded.workspace())
        .with_floor(toolset::floor(&loaded))
        .with_objections({
            let registry = Arc::clone(&registry);
            Arc::new(move |call| registry.objection(call))
        });
    let gate = Arc::new(gate);
    let llm = world.llm.unwrap_or_else(|| Arc::new(models.router.clone()));
    let agent = Agent::new(Parts {
        llm: llm.clone(),
        store: Arc::new(memory),
        executor: registry.clone(),
        gate: gate.clone(),
        hooks: hooks.clone(),
    });
    let channels =
        loaded.plan.channels.values().map(|spec| (spec.name.clone(), spec.rules.clone())).collect();
    let setup = Arc::new(Setup {
        generation: loaded.script.generation(),
        agent,
        gate,
        roster,
        tools: registry.clone(),
        channels,
        hooks,
        sessions: Arc::new(loaded.sessions()?),
        limits: TurnLimits {
            max_tool_rounds: loaded.settings.max_tool_rounds,
            max_tokens: loaded.settings.max_tokens,
        },
    });
    Ok(Live { loaded, registry, models, llm, setup, shelf, tools: world.tools })
}
