//! Conversations, found or begun for whoever names one.

use crate::{
    domain::{
        BoxFuture,
        id::SessionId,
        store::{Sessions, StoreError},
    },
    memory::{Memory, NewSession},
};

/// The conversations of this program's memory.
#[derive(Clone)]
pub(super) struct SessionsHere {
    pub(super) memory: Memory,
    pub(super) workspace: String,
}

impl SessionsHere {
    fn begin(&self, name: Option<&str>, channel: &str, agent: &str) -> NewSession {
        NewSession {
            name: name.map(str::to_owned),
            channel: channel.to_owned(),
            agent: agent.to_owned(),
            workspace: self.workspace.clone(),
        }
    }
}

impl Sessions for SessionsHere {
    fn called<'a>(
        &'a self,
        wanted: &'a str,
        channel: &'a str,
        agent: &'a str,
    ) -> BoxFuture<'a, Result<SessionId, StoreError>> {
        Box::pin(async move {
            match self.memory.find_session(wanted).await {
                Err(StoreError::NoSession(_)) => {}
                found => return Ok(found?.id),
            }
            match self.memory.create_session(self.begin(Some(wanted), channel, agent)).await {
                // Somebody else began it meanwhile.
                Err(StoreError::NameTaken(_)) => Ok(self.memory.find_session(wanted).await?.id),
                begun => Ok(begun?.id),
            }
        })
    }

    fn begin<'a>(&'a self, channel: &'a str, agent: &'a str) -> BoxFuture<'a, Result<SessionId, StoreError>> {
        Box::pin(async move { Ok(self.memory.create_session(self.begin(None, channel, agent)).await?.id) })
    }
}
