//! The port to what is stored of jobs: when each is due, and what became of its runs.
//!
//! All times are milliseconds since 1970 (UTC). A job belongs to a configuration file: programs that
//! use the same one share its jobs, and a time that is due is taken by one of them.

use super::{BoxFuture, hook::TurnContext, id::SessionId, plan::Overlap, store::StoreError};
use serde::Serialize;

/// The channel that jobs act on.
pub const CHANNEL: &str = "cron";
/// What names the runs of a job in the place of a conversation, with the job behind it.
const RUNS_OF: &str = "cron:";

/// What stands for the conversation where a run of a job acts outside of any.
pub fn runs_of(job: &str) -> SessionId {
    SessionId::from(format!("{RUNS_OF}{job}"))
}

/// The job of which a run acts, if one does.
pub fn job_of(context: &TurnContext) -> Option<&str> {
    context.session.as_str().strip_prefix(RUNS_OF).filter(|_| context.origin.channel == CHANNEL)
}

/// The time of something that does not happen again.
pub const NEVER: i64 = i64::MAX;

/// A job that a configuration declares, as the store is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredJob {
    /// Its name.
    pub name: String,
    /// Its schedule and, as the last word, its zone: another text means another schedule.
    pub schedule: String,
    /// Where its intervals are counted from, should it be new or changed.
    pub anchor_ms: i64,
    /// When it is due, should it be new or changed.
    pub next_ms: i64,
    /// Whether a run that was cut off is made up for.
    pub makes_up: bool,
}

/// What is stored of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredJob {
    /// Its name.
    pub name: String,
    /// Its schedule and zone.
    pub schedule: String,
    /// Where its intervals are counted from.
    pub anchor_ms: i64,
    /// The first time that nobody has taken yet.
    pub next_ms: i64,
    /// Why it does not run until somebody retries or drops it: its runs made the program panic.
    pub set_aside: Option<String>,
}

/// The zone by which one schedule is other than another; `None`: they are the same, or other by more.
/// Both are texts of [`DeclaredJob::schedule`], whose last word is the zone.
pub fn other_zone<'s>(stored: &'s str, declared: &str) -> Option<&'s str> {
    let (before, zone) = stored.rsplit_once(' ')?;
    let (now, other) = declared.rsplit_once(' ')?;
    (stored.starts_with("cron ") && before == now && zone != other).then_some(zone)
}

/// A time that something was stored for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastSlot {
    /// The time.
    pub slot_ms: i64,
    /// How often it was tried.
    pub attempt: u32,
    /// The last try was cut off.
    pub interrupted: bool,
}

/// A run that is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedRun {
    /// The time that it is for.
    pub slot_ms: i64,
    /// How many times it makes up for at which nothing ran.
    pub missed: u64,
    /// 1, or more after tries that were cut off.
    pub attempt: u32,
    /// It is in time: the rule about overlapping counts. Others wait their turn.
    pub in_time: bool,
}

/// Times that passed without a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissedSlots {
    /// How many.
    pub count: u64,
    /// The last one.
    pub last_ms: i64,
}

/// Takes the times of a job that are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The configuration file.
    pub config: String,
    /// The job.
    pub job: String,
    /// Its schedule, as declared to whoever claims.
    pub schedule: String,
    /// When it was due, as far as whoever claims knows. Another value in the store: others were faster.
    pub expected_ms: i64,
    /// When it is due next.
    pub next_ms: i64,
    /// What is to run.
    pub runs: Vec<PlannedRun>,
    /// What is not to run, to be noted.
    pub missed: Option<MissedSlots>,
    /// What to do where the job runs still.
    pub overlap: Overlap,
    /// The time now.
    pub now_ms: i64,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// These runs are the claimer's, with their ids. Those that overlap are noted as skipped.
    Won(Vec<(i64, PlannedRun)>),
    /// Others were faster; this is stored now.
    Lost(Option<StoredJob>),
}

/// Whether a run may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// It is marked as running.
    Begun,
    /// Another run of the job is under way, perhaps in another program.
    Busy,
    /// It is not waiting any more.
    Gone,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It waits its turn.
    Queued,
    /// It is under way.
    Running,
    /// It ended well.
    Ok,
    /// It ended with an error.
    Failed,
    /// It took too long.
    Timeout,
    /// It did not run: nobody was there at the time.
    Missed,
    /// It did not run: the run before it was under way, or a hook said no.
    Skipped,
    /// The program ended first.
    Interrupted,
}

impl RunState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Running,
        Self::Ok,
        Self::Failed,
        Self::Timeout,
        Self::Missed,
        Self::Skipped,
        Self::Interrupted,
    ];

    /// The name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
            Self::Missed => "missed",
            Self::Skipped => "skipped",
            Self::Interrupted => "interrupted",
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// One of the states that are ends.
    pub state: RunState,
    /// Why, where it did not end well.
    pub error: Option<String>,
    /// The beginning of the text that it gave.
    pub output: Option<String>,
    /// Its text is to be delivered now.
    pub delivers: bool,
    /// The time now.
    pub now_ms: i64,
}

/// A run, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunRecord {
    /// Rising in the order in which they were planned.
    pub id: i64,
    /// The job.
    pub job: String,
    /// The time that it was for; of several missed ones the last.
    pub scheduled_ms: i64,
    /// 1, or more after tries that were cut off.
    pub attempt: u32,
    /// A person asked for it.
    pub manual: bool,
    /// How it stands.
    pub state: RunState,
    /// How many missed times it makes up for, or stands for.
    pub missed: u64,
    /// When it began.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Why, where it did not end well.
    pub error: Option<String>,
    /// Why it is for a time that its schedule does not name.
    pub note: Option<String>,
    /// The beginning of the text that it gave.
    pub output: Option<String>,
    /// Why its text is not delivered.
    pub delivery_error: Option<String>,
}

/// What is stored of jobs. A method that writes does so before it returns.
pub trait CronStore: Send + Sync {
    /// Takes up the jobs of a configuration. Those whose schedule is stored keep what is stored; others
    /// begin as declared, and a time of them that was due already is noted as missed, or taken under the
    /// new schedule where that differs by its zone only; those that are not declared any more are
    /// forgotten. Runs that dead
    /// programs left are closed, and their times are due again where the job makes up for them.
    fn declare<'a>(
        &'a self,
        config: &'a str,
        jobs: Vec<DeclaredJob>,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<StoredJob>, StoreError>>;

    /// Closes the runs that this program has open: it ends. As with those of dead programs, their times
    /// may be due again.
    fn release<'a>(
        &'a self,
        config: &'a str,
        jobs: Vec<DeclaredJob>,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// All that is stored of jobs of a configuration.
    fn jobs<'a>(&'a self, config: &'a str) -> BoxFuture<'a, Result<Vec<StoredJob>, StoreError>>;

    /// The times of a job, from `from_ms`, that something is stored for.
    fn past<'a>(
        &'a self,
        config: &'a str,
        job: &'a str,
        from_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<PastSlot>, StoreError>>;

    /// Takes times that are due, unless others were faster.
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Claimed, StoreError>>;

    /// Marks a run as running, unless another of the job is.
    fn begin(&self, run: i64, now_ms: i64) -> BoxFuture<'_, Result<Beginning, StoreError>>;

    /// Begins a run that a person asked for. It changes nothing about when the job is due.
    fn begin_manual<'a>(
        &'a self,
        config: &'a str,
        job: &'a str,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<i64, StoreError>>;

    /// Stores how a run ended. One that has ended stays as it is.
    fn end(&self, run: i64, end: RunEnd) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Stores what became of a run's text: it was delivered, or why not.
    fn delivery<'a>(&'a self, run: i64, error: Option<&'a str>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Sets a job aside for a reason: no time of it is taken. `None` puts it back; then it is due next at
    /// `next_ms`, or when it was due if that is `None`. `false`: nothing is stored of such a job.
    fn set_aside<'a>(
        &'a self,
        config: &'a str,
        job: &'a str,
        reason: Option<&'a str>,
        next_ms: Option<i64>,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// The runs of a job, or of all jobs of a configuration; the newest first.
    fn runs<'a>(
        &'a self,
        config: &'a str,
        job: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RunRecord>, StoreError>>;
}
