//! What handlers of `init.lua` can do beyond Lua itself: ports, one a file, which the composition
//! root fills. A test of a configuration fills them with stand-ins.

mod agents;
mod outbox;
mod stage;
mod toolbox;

pub use agents::{AgentAnswer, Agents, Ask};
pub use outbox::Outbox;
pub use stage::{Heard, JobEnd, Judgement, Left, Said, Stage};
pub use toolbox::{ToolListing, Toolbox};

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
