//! The port through which messages join a turn that is under way.

use super::{BoxFuture, hook::TurnContext};

/// Messages that wait while a turn runs, and may join it between two of its model calls.
pub trait Steering: Send + Sync {
    /// The next message that joins the turn, if there is one.
    fn next<'a>(&'a self, context: &'a TurnContext) -> BoxFuture<'a, Option<String>>;

    /// The message that was given out last is stored in the turn.
    fn stored(&self) -> BoxFuture<'_, ()>;
}
