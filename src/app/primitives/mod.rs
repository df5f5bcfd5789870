//! What handlers of `init.lua` can do, put together from the engine's parts.

mod agents;
mod chats;
mod desktop;
mod engine_side;
mod machine;
mod notes;
mod outbox;
mod sessions;
mod toolbox;
mod values;
mod web;

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
pub(super) use agents::InUse;
use chats::ChatsHere;
use desktop::DesktopHere;
use engine_side::EngineSide;
use machine::MachineHere;
use notes::NotesHere;
use outbox::OutboxHere;
use sessions::SessionsHere;
use std::sync::Arc;
use toolbox::ToolsHere;
use values::ValuesHere;
use web::WebHere;

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
    let memory = loaded.memory()?;
    let workspace = loaded.workspace().display().to_string();
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
            in_use: loaded.process().in_use.clone(),
        }),
        outbox: Arc::new(OutboxHere {
            notice: loaded.notice(),
            outgoing: loaded.outgoing()?,
            channels: loaded.plan.channels.keys().cloned().collect(),
        }),
        values: Arc::new(ValuesHere(memory.clone())),
        web: Arc::new(WebHere { client: loaded.web.clone(), secrets: loaded.secrets.clone() }),
        notes: Arc::new(NotesHere(memory.clone())),
        sessions: Arc::new(SessionsHere {
            memory: memory.clone(),
            agent: loaded.settings.agent.clone(),
            workspace: workspace.clone(),
            setup: Arc::downgrade(&live.setup),
        }),
        chats: Arc::new(ChatsHere::new(live, memory.clone())),
        machine: Arc::new(MachineHere { user: facts::user(&loaded.environment), workspace }),
        desktop: Arc::new(DesktopHere { notice: loaded.notice(), dir: loaded.dirs.current.clone() }),
    })
}
