//! `openpista test`: runs specs on the real engine, with stand-ins for all that leaves the process.

mod channel;
mod doors;
mod find;
mod outside;
mod required;
mod run;
mod stage;
mod trace;
mod web;

pub use find::{FindError, find};
pub use required::required;
pub use run::{Case, End, Options, Summary, run};

use std::time::Duration;

/// How long one `it` may take, what runs around it included.
pub const CASE_LIMIT: Duration = Duration::from_secs(10);
/// How long a spec file may take to load.
pub const LOAD_LIMIT: Duration = Duration::from_secs(10);
/// How long a function that stands for a tool or a person may take.
pub const DOOR_LIMIT: Duration = Duration::from_secs(5);
