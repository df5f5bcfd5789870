//! What handlers of `init.lua` can do, put together from the engine's parts.

mod agents;
mod engine_side;
mod outbox;
mod toolbox;

use super::{ConfigError, assemble::Live, facts, toolset};
use crate::{
    domain::{
        envelope::Origin,
        hook::TurnContext,
        id::{SessionId, TurnId},
        primitives::Primitives,
    },
    gateway::WeakGateway,
};
use agents::AgentsHere;
use engine_side::EngineSide;
use outbox::OutboxHere;
use std::sync::Arc;
use toolbox::ToolsHere;

/// Gives the script of a configuration what its handlers act through.
pub(super) async fn equip(live: &Live, gateway: WeakGateway) -> anyhow::Result<()> {
    let loaded = &live.loaded;
    let engine = EngineSide::here();
    let primitives = Primitives {
        tools: Arc::new(ToolsHere {
            own: Arc::new(toolset::for_scripts(loaded)?),
            registry: Arc::clone(&live.registry),
            setup: Arc::downgrade(&live.setup),
            gateway: gateway.clone(),
            engine: engine.clone(),
        }),
        agents: Arc::new(AgentsHere {
            memory: loaded.memory()?.clone(),
            agent: loaded.settings.agent.clone(),
            workspace: loaded.workspace().display().to_string(),
            gateway,
            runtime: tokio::runtime::Handle::current(),
        }),
        outbox: Arc::new(OutboxHere { notice: loaded.notice() }),
    };
    // Where a handler acts outside a turn, it is for the person who runs the program.
    let context = TurnContext {
        session: SessionId::from("script"),
        turn: TurnId::from("script"),
        agent: loaded.settings.agent.clone(),
        origin: Origin { channel: "lua".into(), user: facts::user(&loaded.environment) },
        depth: 0,
    };
    loaded.script.equip(primitives, context).await.map_err(ConfigError::new)?;
    Ok(())
}
