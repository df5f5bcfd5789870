//! Messages that a script, or a job, sends by itself.

use super::PrimitiveError;
use crate::domain::BoxFuture;

/// Delivers messages.
pub trait Outbox: Send + Sync {
    /// Sends `text` to an address, `channel:conversation`. Once this returns `Ok` the message is
    /// kept until it is delivered.
    fn send<'a>(&'a self, to: &'a str, text: &'a str) -> BoxFuture<'a, Result<(), PrimitiveError>>;
}
