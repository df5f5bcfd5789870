//! What stands behind the router: something that answers, or says why not.

use crate::domain::{
    BoxFuture,
    chat::{ChatRequest, ChatResponse, Delta, ModelFacts, Waiting},
};
use std::time::Duration;

/// Something that can answer one request, once. The router does the retrying.
pub trait Backend: Send + Sync {
    /// Tries to answer. `request.model` is the bare model name, or empty when none is configured.
    /// Deltas go to `sink`; dropping the future cancels the attempt. `ChatResponse::model` may be
    /// left empty, or be the bare name when the backend chose the model itself;
    /// `AssistantMessage::origin` may be left empty too.
    fn attempt<'a>(
        &'a self,
        request: ChatRequest<'a>,
        sink: &'a mut (dyn FnMut(Delta) + Send),
    ) -> BoxFuture<'a, Result<ChatResponse, AttemptError>>;

    /// What is known about `model` (a bare name, or empty).
    fn facts(&self, model: &str) -> ModelFacts;

    /// The model that answers when none is named, where the backend chooses it itself.
    fn chosen(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(std::future::ready(None))
    }

    /// What a person is told who waits long for the first piece of an answer.
    fn waiting(&self) -> Option<Waiting> {
        None
    }

    /// Whether the reasoning of earlier answers goes along with a request.
    fn replays_reasoning(&self, _model: &str) -> bool {
        false
    }
}

/// Why an attempt gave no answer, and so what may be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It may go better the next time: overloaded, broken off, refused at the door.
    Transient,
    /// A deadline passed. Another model is tried before more time goes into this one.
    TimedOut,
    /// It would fail again: a bad key, an unknown model, no credit, a request it doesn't take.
    Refused,
    /// The conversation doesn't fit. Ends the call: only a shorter conversation helps.
    Overflow {
        /// The window in tokens, when told.
        limit: Option<u32>,
    },
    /// The model wrote a tool call that can't be read. It may do better when it is told.
    Unreadable,
    /// The configuration is at fault; nothing was sent.
    Config,
}

/// One attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AttemptError {
    /// What may be done about it.
    pub kind: FailureKind,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// The server's own words, or what went wrong. Holds no secret.
    pub message: String,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
}

impl AttemptError {
    /// A failure without a status.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, status: None, message: message.into(), retry_after: None }
    }

    /// A failure that may pass.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Transient, message)
    }

    /// A failure that would repeat itself.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Refused, message)
    }

    /// A fault of the configuration.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Config, message)
    }
}
