//! What runs do, as a port: the engine around the jobs brings it, one for each generation.

use crate::domain::{BoxFuture, cron::RunState, plan::CronSpec};
use std::sync::Arc;

/// A run that begins.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its number in the history.
    pub id: i64,
    /// The job.
    pub job: Arc<CronSpec>,
    /// The time that it is for, in milliseconds since 1970 (UTC).
    pub scheduled_ms: i64,
    /// The time now, in milliseconds since 1970 (UTC).
    pub started_ms: i64,
    /// How many missed times it makes up for.
    pub missed: u64,
    /// 1, or more after tries that were cut off.
    pub attempt: u32,
    /// A person asked for it.
    pub manual: bool,
}

/// How a run's work ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkEnd {
    /// Well, perhaps with a text to deliver.
    Done(Option<String>),
    /// A hook said no.
    Refused(String),
    /// With an error.
    Failed(String),
    /// It took too long.
    TimedOut(String),
}

/// A run that has ended.
#[derive(Clone, Debug)]
pub struct Ended<'a> {
    /// The run.
    pub run: &'a Run,
    /// How.
    pub state: RunState,
    /// Why, where it did not end well.
    pub error: Option<&'a str>,
    /// How long it took.
    pub duration_ms: i64,
}

/// Why a text could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// For a person to read.
    pub message: String,
    /// Whether another try makes sense.
    pub again: bool,
}

/// Does what jobs say.
pub trait Work: Send + Sync {
    /// Does the work of a run. Dropping the future stops it.
    fn perform<'a>(&'a self, run: &'a Run) -> BoxFuture<'a, WorkEnd>;

    /// Delivers the text that a run gave.
    fn deliver<'a>(&'a self, to: &'a str, text: &'a str) -> BoxFuture<'a, Result<(), Undelivered>>;

    /// Is told of runs that have ended.
    fn ended(&self, ended: Ended<'_>);
}
