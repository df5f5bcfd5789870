//! Conversations, for scripts.

use super::PrimitiveError;
use crate::domain::{
    BoxFuture,
    envelope::Origin,
    id::SessionId,
    store::{Session, StoredMessage},
};

/// The conversations that are stored.
pub trait Sessions: Send + Sync {
    /// At most `limit` conversations, the one touched last first.
    fn list(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Session>, PrimitiveError>>;

    /// The conversation of that name, or whose id begins so.
    fn find(&self, wanted: String) -> BoxFuture<'_, Result<Session, PrimitiveError>>;

    /// The last `limit` messages of a conversation, oldest first.
    fn messages(
        &self,
        session: SessionId,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<StoredMessage>, PrimitiveError>>;

    /// Begins a conversation; `agent`: the one that answers in it, `None`: the default one.
    fn create(
        &self,
        name: Option<String>,
        agent: Option<String>,
        origin: Origin,
    ) -> BoxFuture<'_, Result<Session, PrimitiveError>>;

    /// Names a conversation, or takes its name away.
    fn rename(&self, session: SessionId, name: Option<String>) -> BoxFuture<'_, Result<(), PrimitiveError>>;

    /// Removes a conversation with all its messages.
    fn remove(&self, session: SessionId) -> BoxFuture<'_, Result<(), PrimitiveError>>;
}
