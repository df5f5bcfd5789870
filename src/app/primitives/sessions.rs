//! Conversations, for scripts.

use crate::{
    app::check_name,
    domain::{
        BoxFuture,
        envelope::Origin,
        id::SessionId,
        primitives::{FailureKind, PrimitiveError, Sessions},
        store::{Session, StoredMessage},
    },
    gateway::Setup,
    memory::{Memory, NewSession},
};
use std::sync::Weak;

/// The conversations in the memory.
pub(super) struct SessionsHere {
    pub(super) memory: Memory,
    /// The default agent.
    pub(super) agent: String,
    pub(super) workspace: String,
    pub(super) setup: Weak<Setup>,
}

impl SessionsHere {
    fn check(&self, name: Option<&str>, agent: Option<&str>) -> Result<(), PrimitiveError> {
        if let Some(name) = name {
            check_name(name).map_err(|error| PrimitiveError::new(FailureKind::Usage, error.to_string()))?;
        }
        if let (Some(agent), Some(setup)) = (agent, self.setup.upgrade()) {
            setup.roster.get(agent).map_err(|error| PrimitiveError::new(FailureKind::NotFound, error))?;
        }
        Ok(())
    }
}

impl Sessions for SessionsHere {
    fn list(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Session>, PrimitiveError>> {
        Box::pin(async move { Ok(self.memory.sessions(limit).await?) })
    }

    fn find(&self, wanted: String) -> BoxFuture<'_, Result<Session, PrimitiveError>> {
        Box::pin(async move { Ok(self.memory.find_session(&wanted).await?) })
    }

    fn messages(
        &self,
        session: SessionId,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<StoredMessage>, PrimitiveError>> {
        Box::pin(async move { Ok(self.memory.last_messages(&session, limit).await?) })
    }

    fn create(
        &self,
        name: Option<String>,
        agent: Option<String>,
        origin: Origin,
    ) -> BoxFuture<'_, Result<Session, PrimitiveError>> {
        Box::pin(async move {
            self.check(name.as_deref(), agent.as_deref())?;
            let new = NewSession {
                name,
                channel: origin.channel,
                agent: agent.unwrap_or_else(|| self.agent.clone()),
                workspace: self.workspace.clone(),
            };
            Ok(self.memory.create_session(new).await?)
        })
    }

    fn rename(&self, session: SessionId, name: Option<String>) -> BoxFuture<'_, Result<(), PrimitiveError>> {
        Box::pin(async move {
            self.check(name.as_deref(), None)?;
            Ok(self.memory.rename(&session, name.as_deref()).await?)
        })
    }

    fn remove(&self, session: SessionId) -> BoxFuture<'_, Result<(), PrimitiveError>> {
        Box::pin(async move { Ok(self.memory.remove_session(&session).await?) })
    }
}
