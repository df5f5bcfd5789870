//! What was said, and what was noted, for scripts.

use super::PrimitiveError;
use crate::domain::{
    BoxFuture,
    id::SessionId,
    store::{Found, FoundNote, Note},
};

/// A note to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewNote {
    /// What it says.
    pub text: String,
    /// Where that came from: the person, a web page, a file. Shown with it, always.
    pub source: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The conversation in which it was noted.
    pub session: Option<SessionId>,
    /// The agent in whose name.
    pub agent: String,
}

/// The notes and the messages of all conversations.
pub trait Notes: Send + Sync {
    /// Keeps a note. Returns its id.
    fn add(&self, note: NewNote) -> BoxFuture<'_, Result<i64, PrimitiveError>>;

    /// At most `limit` notes, the newest first; with `tag` those only that have it.
    fn list(&self, tag: Option<String>, limit: usize) -> BoxFuture<'_, Result<Vec<Note>, PrimitiveError>>;

    /// Notes with all words of `query`, best first.
    fn search(&self, query: String, limit: usize) -> BoxFuture<'_, Result<Vec<FoundNote>, PrimitiveError>>;

    /// Messages with all words of `query`, best first; of one conversation, or of all.
    fn messages(
        &self,
        query: String,
        session: Option<SessionId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Found>, PrimitiveError>>;

    /// Removes a note. Says whether there was one.
    fn remove(&self, id: i64) -> BoxFuture<'_, Result<bool, PrimitiveError>>;
}
