//! The agent: one turn from a user's message to an answer.
//!
//! The machine decides, the driver does. The machine knows no clock, no socket and no database, so
//! every order of events can be tested; the driver holds no decisions.

mod budget;
mod calls;
mod compaction;
mod context;
mod driver;
mod guard;
mod machine;
mod prompt;
mod window;

pub use driver::{Agent, Parts, TurnInput};
pub use machine::{Action, Input, Turn, TurnLimits};
pub use prompt::{Facts, system_prompt};
