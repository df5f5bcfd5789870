//! Messages that a script, or a job, sends by itself.

use super::PrimitiveError;
use crate::domain::{BoxFuture, post::Content};

/// Delivers messages.
pub trait Outbox: Send + Sync {
    /// Sends a message to an address, `channel:conversation`. Once this returns `Ok` the message is
    /// kept until it is delivered. Files are named by absolute paths.
    fn send<'a>(&'a self, to: &'a str, content: Content) -> BoxFuture<'a, Result<(), PrimitiveError>>;
}
