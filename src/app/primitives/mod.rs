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
    let primitives = primitives(live, gateway)?;
    live.loaded.script.equip(primitives, context(live)).await.map_err(ConfigError::new)?;
    Ok(())
}

/// Where a handler acts outside a turn, it is for the person who runs the program.
pub(super) fn context(live: &Live) -> TurnContext {
    let loaded = &live.loaded;
    TurnContext {
        session: SessionId::from("script"),
        turn: TurnId::from("script"),
        agent: loaded.settings.agent.clone(),
        origin: Origin { channel: "lua".into(), user: facts::user(&loaded.environment) },
        depth: 0,
    }
}

/// What handlers act through.
pub(super) fn primitives(live: &Live, gateway: WeakGateway) -> anyhow::Result<Primitives> {
    let loaded = &live.loaded;
    let engine = EngineSide::here();
    Ok(Primitives {
        tools: Arc::new(ToolsHere {
            own: Arc::new(toolset::within(toolset::for_scripts(loaded)?, loaded, live.tools.as_ref())),
            setup: Arc::downgrade(&live.setup),
            gateway: gateway.clone(),
            engine,
        }),
        agents: Arc::new(AgentsHere {
            sessions: loaded.sessions()?,
            agent: loaded.settings.agent.clone(),
            gateway,
            runtime: tokio::runtime::Handle::current(),
        }),
        outbox: Arc::new(OutboxHere {
            notice: loaded.notice(),
            outgoing: loaded.outgoing()?,
            channels: loaded.plan.channels.keys().cloned().collect(),
        }),
    })
}
