//! Jobs that run at times.
//!
//! What is due when is pure computation ([`Timing`], [`decide`]). The [`Scheduler`] asks it whenever its
//! [`Clock`] says that a time may have come, and takes what is due in the store before it runs
//! anything: a time is run once, also with several programs at work, and a program that is killed
//! loses none.

mod decide;
mod expression;
mod field;
mod interval;
mod timing;
mod zone;

pub use decide::{Decision, GRACE_MS, MAX_ATTEMPTS, MAX_CATCH_UP, TRUSTED_MS, decide};
pub use expression::Expression;
pub use interval::{LONGEST, SHORTEST, interval, within, written};
pub use timing::Timing;
pub use zone::{local_zone, zone};
