//! Workers: this program in a container without a network, for one task.
//!
//! A worker runs an agent's turn, or a command, with the tools that it was given, in its container. It
//! speaks the gateway's QUIC over a Unix socket that is mounted into it, and knows nothing but a token
//! for its one task: it asks for its task, for models (no key enters the container) and whether a call
//! may be made (the policy stays here), and tells what happens. `docs/workers.md` describes it.

mod answering;
mod desk;
mod door;
pub mod guest;
mod passes;
mod program;
mod protocol;
mod spawn;
mod tool;

pub use desk::{MAX_EVENTS, MAX_MODEL_CALLS};
pub use door::{Door, DoorError};
pub use passes::Passes;
pub use program::{Program, ProgramError};
pub use protocol::Boot;
pub use spawn::Workers;
pub use tool::tool;

use std::time::Duration;

/// Workers at the same time; further ones wait for a place.
pub const MAX_WORKERS: usize = 4;
/// How long a worker may take when neither call nor profile says.
pub const DEFAULT_TIME: Duration = Duration::from_secs(600);
/// How long a worker may take at most.
pub const MAX_TIME: Duration = Duration::from_secs(3600);
/// How long a token is good beyond the time that its worker has: the container has to start.
pub const TOKEN_SLACK: Duration = Duration::from_secs(60);
/// The longest task, in bytes.
pub const MAX_TASK: usize = 64 << 10;
