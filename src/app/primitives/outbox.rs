//! Messages that a script sends by itself.

use crate::{
    domain::{
        BoxFuture,
        nearest::nearest,
        post::Content,
        primitives::{FailureKind, Outbox, PrimitiveError},
    },
    front::{printable, to_stderr},
    gateway::Outgoing,
    script::Sink,
};
use std::{collections::BTreeSet, sync::Arc};

/// Delivers to the person at this terminal, and by the channels of one configuration.
pub(super) struct OutboxHere {
    pub(super) notice: Option<Sink>,
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) channels: BTreeSet<String>,
}

impl OutboxHere {
    fn show(&self, text: &str) {
        match &self.notice {
            Some(notice) => notice(text),
            None => to_stderr(&format!("{}\n", printable(text))),
        }
    }

    fn unknown(&self, channel: &str) -> PrimitiveError {
        let names = || self.channels.iter().map(String::as_str).chain(["repl"]);
        let hint = match nearest(channel, names()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("there is {}", names().collect::<Vec<_>>().join(", ")),
        };
        PrimitiveError::new(FailureKind::NotFound, format!("there is no channel {channel:?} ({hint})"))
    }
}

impl Outbox for OutboxHere {
    fn send<'a>(&'a self, to: &'a str, mut content: Content) -> BoxFuture<'a, Result<(), PrimitiveError>> {
        Box::pin(async move {
            for path in &mut content.files {
                // Where it really is: one that is somewhere else when it goes out is not sent.
                let real = std::fs::canonicalize(&*path);
                let real = real.map_err(|error| {
                    PrimitiveError::new(FailureKind::NotFound, format!("{path}: {error}"))
                })?;
                *path = real.display().to_string();
            }
            let (channel, conversation) = to.split_once(':').unwrap_or((to, ""));
            if matches!(channel, "repl" | "cli") {
                let files = content.files.iter().map(|file| format!("\n[file: {file}]"));
                self.show(&(content.text.clone() + &files.collect::<String>()));
                return Ok(());
            }
            if !self.channels.contains(channel) {
                return Err(self.unknown(channel));
            }
            if conversation.is_empty() {
                let message = format!("{to:?} is no address: write \"{channel}:CONVERSATION\"");
                return Err(PrimitiveError::new(FailureKind::Usage, message));
            }
            if content.text.trim().is_empty() && content.files.is_empty() {
                return Err(PrimitiveError::new(FailureKind::Usage, "the message is empty"));
            }
            let sent = self.outgoing.send(channel, conversation, content).await;
            sent.map_err(|error| PrimitiveError::new(FailureKind::Io, error.to_string()))
        })
    }
}
