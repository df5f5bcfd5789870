//! The agent: one turn from a user's message to an answer.
//!
//! The machine decides, the driver does. The machine knows no clock, no socket and no database, so
//! every order of events can be tested; the driver holds no decisions.

mod account;
mod bare;
mod budget;
mod calls;
mod compaction;
mod context;
mod cost;
mod driver;
mod guard;
mod machine;
mod offered;
mod outside;
mod parts;
mod prompt;
mod purse;
mod resumed;
mod window;

pub use bare::allowance;
pub use driver::{Agent, STORE_PATIENCE};
pub use machine::{Action, Input, MAX_RETURNS, Turn, TurnLimits};
pub use outside::Outside;
pub use parts::{Parts, TurnInput};
pub use prompt::{Facts, system_prompt};
