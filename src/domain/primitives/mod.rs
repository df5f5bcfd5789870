//! What handlers of `init.lua` can do beyond Lua itself: ports, one a file, which the composition
//! root fills. A test of a configuration fills them with stand-ins.

mod agents;
mod chat;
mod desktop;
mod http;
mod machine;
mod notes;
mod outbox;
mod sessions;
mod stage;
mod toolbox;
mod values;

pub use agents::{AgentAnswer, Agents, Ask};
pub use chat::{Chats, ModelListing, ModelQuestion};
pub use desktop::Desktop;
pub use http::{HeaderPart, HttpRequest, HttpResponse, Web};
pub use machine::{Machine, MachineFacts};
pub use notes::{NewNote, Notes};
pub use outbox::Outbox;
pub use sessions::Sessions;
pub use stage::{Heard, JobEnd, Judgement, Left, Said, Stage};
pub use toolbox::{ToolListing, Toolbox};
pub use values::{KeptValue, Values};

use super::store::StoreError;
use std::sync::Arc;

/// Everything a handler can do.
#[derive(Clone)]
pub struct Primitives {
    /// Tools, in the user's name or an agent's.
    pub tools: Arc<dyn Toolbox>,
    /// Agents, asked by a script.
    pub agents: Arc<dyn Agents>,
    /// Messages on their way out.
    pub outbox: Arc<dyn Outbox>,
    /// Values kept under keys.
    pub values: Arc<dyn Values>,
    /// The web.
    pub web: Arc<dyn Web>,
    /// Notes, and the search.
    pub notes: Arc<dyn Notes>,
    /// Conversations.
    pub sessions: Arc<dyn Sessions>,
    /// Models, without an agent around them.
    pub chats: Arc<dyn Chats>,
    /// The machine that this runs on.
    pub machine: Arc<dyn Machine>,
    /// The desktop of the person at this machine.
    pub desktop: Arc<dyn Desktop>,
}

/// Why a primitive did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PrimitiveError {
    /// For scripts to tell errors apart.
    pub kind: FailureKind,
    /// For a person to read.
    pub message: String,
}

impl PrimitiveError {
    /// An error of a kind.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// The kinds of [`PrimitiveError`]; `err.kind` in Lua.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// What was asked for makes no sense.
    Usage,
    /// The policy, the floor, or a rule about addresses said no.
    Denied,
    /// There is no such thing.
    NotFound,
    /// It took too long.
    Timeout,
    /// The disk, the network, or the other side failed.
    Io,
    /// No model answered, or the turn ended without an answer.
    Model,
    /// It was given up because whoever wanted it has gone.
    Cancelled,
}

impl From<StoreError> for PrimitiveError {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::NoSession(_) => FailureKind::NotFound,
            StoreError::Ambiguous(..) | StoreError::NameTaken(_) | StoreError::Refused(_) => {
                FailureKind::Usage
            }
            StoreError::Busy { .. }
            | StoreError::Waits { .. }
            | StoreError::Database { .. }
            | StoreError::Unavailable { .. }
            | StoreError::Delayed { .. } => FailureKind::Io,
        };
        Self::new(kind, error.to_string())
    }
}
