//! How the program fares: the background tasks that failed, and the input that was dropped.

pub mod chaos;
mod dropped;
mod panic;
mod tasks;

pub use dropped::Dropped;
pub use panic::panic_message;
pub use tasks::{TASK_RESTART_FIRST, TASK_RESTART_LONGEST, TaskFailure, Tasks};

/// What is known of it. Clones share it.
#[derive(Clone, Default)]
pub struct Health {
    /// The background tasks.
    pub tasks: Tasks,
    /// What was dropped, cut or not understood.
    pub dropped: Dropped,
}
