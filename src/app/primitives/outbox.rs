//! Messages that a script sends by itself.

use crate::{
    domain::{
        BoxFuture,
        primitives::{FailureKind, Outbox, PrimitiveError},
    },
    script::Sink,
};

/// Delivers to the person at this terminal.
pub(super) struct OutboxHere {
    pub(super) notice: Option<Sink>,
}

impl Outbox for OutboxHere {
    fn send<'a>(&'a self, to: &'a str, text: &'a str) -> BoxFuture<'a, Result<(), PrimitiveError>> {
        let sent = match (to.split(':').next(), &self.notice) {
            (Some("repl" | "cli"), Some(notice)) => {
                notice(text);
                Ok(())
            }
            _ => Err(PrimitiveError::new(FailureKind::NotFound, format!("there is no channel for {to:?}"))),
        };
        Box::pin(std::future::ready(sent))
    }
}
