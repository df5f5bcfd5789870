//! From a loaded configuration to what answers messages.

use super::{
    ConfigError, Loaded,
    models::{self, Models},
    roster, skills, toolset,
};
use crate::{
    agent::{Agent, Parts, TurnLimits},
    domain::approval::Approver,
    gateway::Setup,
    policy::Gate,
    script::{HookLimits, ScriptHooks},
    tool::ToolRegistry,
};
use std::sync::Arc;

/// One generation of the configuration, ready to work.
pub(super) struct Live {
    pub(super) loaded: Loaded,
    pub(super) registry: Arc<ToolRegistry>,
    pub(super) models: Models,
    pub(super) setup: Arc<Setup>,
}

/// Builds everything on a configuration. Nothing acts yet.
pub(super) async fn assemble(loaded: Loaded, approver: Arc<dyn Approver>) -> anyhow::Result<Live> {
    let workspace = loaded.workspace();
    if !workspace.is_dir() {
        let text = format!("the workspace {} is not a directory", workspace.display());
        return Err(ConfigError::new(text).into());
    }
    let memory = loaded.memory()?.clone();
    let models = models::build(&loaded).await?;
    let shelf = skills::shelf(&loaded)?;
    let registry = Arc::new(toolset::registry(&loaded, &shelf)?);
    let limits = HookLimits { each: loaded.settings.hook_timeout };
    let hooks = Arc::new(ScriptHooks::new(loaded.script.clone(), &loaded.plan, limits));
    let gate = Gate::new(hooks.clone(), approver, Arc::new(memory.clone()), workspace)
        .with_floor(toolset::floor(&loaded));
    let gate = Arc::new(gate);
    let agent = Agent::new(Parts {
        llm: Arc::new(models.router.clone()),
        store: Arc::new(memory),
        executor: registry.clone(),
        gate: gate.clone(),
        hooks,
    });
    let roster = roster::build(&loaded, &models.default, Some(&shelf));
    if let Err(error) = roster.get(&loaded.settings.agent) {
        return Err(ConfigError::new(error).into());
    }
    let channels =
        loaded.plan.channels.values().map(|spec| (spec.name.clone(), spec.rules.clone())).collect();
    let setup = Arc::new(Setup {
        generation: loaded.script.generation(),
        agent,
        gate,
        roster,
        channels,
        limits: TurnLimits {
            max_tool_rounds: loaded.settings.max_tool_rounds,
            max_tokens: loaded.settings.max_tokens,
        },
    });
    Ok(Live { loaded, registry, models, setup })
}
