//! Jobs that run at times.
//!
//! What is due when is pure computation ([`Timing`], [`decide()`]). The [`Scheduler`] asks it whenever its
//! [`Clock`] says that a time may have come, and takes what is due in the store before it runs
//! anything: a time is run once, also with several programs at work, and a program that is killed
//! loses none.

mod actor;
mod clock;
mod days;
mod decide;
mod expression;
mod field;
mod here;
mod interval;
mod job;
mod run;
mod scheduler;
mod timer;
mod timing;
mod work;
mod zone;
mod zone_name;

pub use actor::{LOOK, MAX_RUN_PANICS, RUNNING, STOP_GRACE};
pub use clock::{Clock, SystemClock};
pub use decide::{Decision, GRACE_MS, MAX_ATTEMPTS, MAX_CATCH_UP, TRUSTED_MS, decide};
pub use expression::Expression;
pub use here::{Here, local_zone, zone_now};
pub use interval::{LONGEST, SHORTEST, interval, time, within, written};
pub use job::timing;
pub use run::{DELIVERY_WAITS, KEPT_CHARS, Outcome, deliver, run_now};
pub use scheduler::{Scheduler, Zones};
pub use timing::Timing;
pub use work::{Ended, Run, Undelivered, Work, WorkEnd};
pub use zone::{Rules, Zone, shown_time};
pub use zone_name::zone;
