//! Notes, and the search over messages.

use crate::{
    domain::{
        BoxFuture,
        id::SessionId,
        primitives::{NewNote, Notes, PrimitiveError},
        store::{Found, FoundNote, Note},
    },
    memory::Memory,
};

/// Keeps them in the memory.
pub(super) struct NotesHere(pub(super) Memory);

impl Notes for NotesHere {
    fn add(&self, note: NewNote) -> BoxFuture<'_, Result<i64, PrimitiveError>> {
        Box::pin(async move { Ok(self.0.add_note(note).await?) })
    }

    fn list(&self, tag: Option<String>, limit: usize) -> BoxFuture<'_, Result<Vec<Note>, PrimitiveError>> {
        Box::pin(async move { Ok(self.0.notes(tag, limit).await?) })
    }

    fn search(&self, query: String, limit: usize) -> BoxFuture<'_, Result<Vec<FoundNote>, PrimitiveError>> {
        Box::pin(async move { Ok(self.0.search_notes(&query, limit).await?) })
    }

    fn messages(
        &self,
        query: String,
        session: Option<SessionId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Found>, PrimitiveError>> {
        Box::pin(async move { Ok(self.0.search_in(&query, session.as_ref(), limit).await?) })
    }

    fn remove(&self, id: i64) -> BoxFuture<'_, Result<bool, PrimitiveError>> {
        Box::pin(async move { Ok(self.0.remove_note(id).await?) })
    }
}
