//! Lua that a model wrote, in a process of its own.
//!
//! The process is this program again, as `openpista lua-worker`: confined before it reads anything,
//! with an empty environment and nothing but three pipes. What it wants done it asks for over them,
//! in frames of JSON, and this side decides. Nothing that it says is trusted: frames are bounded, a
//! silent process is killed, and so is one that goes on after its last call.

mod confine;
mod exit;
mod frames;
mod protocol;
mod run;

pub use confine::{confine, confined};
pub use frames::{FrameError, encode, read};
pub use protocol::{Done, Offered, Reply, Request, Start};
pub use run::{Broken, Host, Job, run};

use std::time::Duration;

/// The memory of the program's VM, in bytes.
pub const MEMORY: usize = 64 << 20;
/// The memory of the process that the system grants, in bytes.
pub const PROCESS_MEMORY: u64 = 256 << 20;
/// The longest program, in bytes.
pub const MAX_CODE: usize = 256 << 10;
/// The most calls of tools.
pub const MAX_CALLS: usize = 200;
/// The longest frame from the process: a call with its arguments, or the end.
pub const MAX_REQUEST: usize = 1 << 20;
/// The longest frame to the process: the program, or the result of a call.
pub const MAX_REPLY: usize = 4 << 20;
/// How much of what is printed is kept, in bytes.
pub const MAX_PRINTED: usize = 64 << 10;
/// How much of what is returned is kept, in characters.
pub const MAX_RETURNED: usize = 64 << 10;
/// How long a run may take with all of its calls, and with people who think about them.
pub const MAX_TOTAL: Duration = Duration::from_secs(30 * 60);
/// So many processes run at the same time; further runs wait for a place.
pub const MAX_PROCESSES: usize = 4;
/// How long after its deadline a process that says nothing is killed.
pub const GRACE: Duration = Duration::from_secs(2);
