//! A scheduler on a clock that the test moves, and on a real database.

use chrono_tz::Tz;
use openpista::{
    cron::{Clock, Ended, Run, Scheduler, Undelivered, Work, WorkEnd, Zones},
    domain::{
        BoxFuture,
        cron::{CronStore, RunRecord, RunState},
        plan::{CronSpec, CronWork, Missed, Overlap, Schedule},
    },
    health::Tasks,
    memory::{Memory, OpenOptions},
};
use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Semaphore, watch};

/// Catches hangs only.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(2);

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
/// Monday, 2 March 2026, midnight in UTC.
pub(crate) const MONDAY: i64 = 1_772_409_600_000;
pub(crate) const CONFIG: &str = "/home/ada/init.lua";

/// A clock that stands still until it is moved.
pub(crate) struct HandClock {
    shown: AtomicI64,
    passed: AtomicI64,
    /// How often it was moved; and how often that was when somebody began to wait.
    moves: watch::Sender<u64>,
    waiting_since: AtomicU64,
    waits: AtomicU64,
}

impl HandClock {
    pub(crate) fn at(ms: i64) -> Arc<Self> {
        Arc::new(Self {
            shown: AtomicI64::new(ms),
            passed: AtomicI64::new(0),
            moves: watch::Sender::new(1),
            waiting_since: AtomicU64::new(0),
            waits: AtomicU64::new(0),
        })
    }

    /// How often somebody began to wait.
    pub(crate) fn waits(&self) -> u64 {
        self.waits.load(Ordering::SeqCst)
    }

    /// Time passes.
    fn pass(&self, ms: i64) {
        self.passed.fetch_add(ms, Ordering::SeqCst);
        self.put(ms);
    }

    /// Somebody sets the clock.
    fn put(&self, ms: i64) {
        self.shown.fetch_add(ms, Ordering::SeqCst);
        self.moves.send_modify(|moves| *moves += 1);
    }

    /// Waits until the scheduler has done what there was to do at this time.
    async fn settled(&self) {
        let moves = *self.moves.borrow();
        until("the scheduler waits", async || self.waiting_since.load(Ordering::SeqCst) == moves).await;
    }
}

impl Clock for HandClock {
    fn now_ms(&self) -> i64 {
        self.shown.load(Ordering::SeqCst)
    }

    fn until(&self, at_ms: i64) -> BoxFuture<'_, ()> {
        let mut moves = self.moves.subscribe();
        let began = *moves.borrow_and_update();
        Box::pin(async move {
            if self.now_ms() >= at_ms {
                return;
            }
            self.waits.fetch_add(1, Ordering::SeqCst);
            self.waiting_since.store(began, Ordering::SeqCst);
            // Early, whenever the clock is moved: whoever waits looks again.
            let _ = moves.changed().await;
        })
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        let mut moves = self.moves.subscribe();
        let end = self.passed.load(Ordering::SeqCst) + time.as_millis() as i64;
        Box::pin(async move {
            while self.passed.load(Ordering::SeqCst) < end {
                let _ = moves.changed().await;
            }
        })
    }
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(LOOK).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "never: {what}");
}

/// What jobs do in these tests: they note that they ran, and end when they may.
pub(crate) struct Notes {
    /// Scheduled time, missed, attempt.
    pub(crate) ran: Mutex<Vec<(String, i64, u64, u32)>>,
    /// A permit for each run that may end.
    pub(crate) may_end: Semaphore,
    /// Errors for the next deliveries; then they succeed.
    pub(crate) failures: Mutex<Vec<Undelivered>>,
    pub(crate) delivered: Mutex<Vec<(String, String)>>,
    pub(crate) ended: Mutex<Vec<RunState>>,
    end: WorkEnd,
}

impl Notes {
    /// Runs that end at once.
    pub(crate) fn quick() -> Arc<Self> {
        Self::new(Semaphore::MAX_PERMITS, WorkEnd::Done(Some("done".into())))
    }

    /// Runs that end when a permit is added.
    pub(crate) fn slow() -> Arc<Self> {
        Self::new(0, WorkEnd::Done(None))
    }

    pub(crate) fn ending(end: WorkEnd) -> Arc<Self> {
        Self::new(Semaphore::MAX_PERMITS, end)
    }

    fn new(permits: usize, end: WorkEnd) -> Arc<Self> {
        Arc::new(Self {
            ran: Mutex::default(),
            may_end: Semaphore::new(permits),
            failures: Mutex::default(),
            delivered: Mutex::default(),
            ended: Mutex::default(),
            end,
        })
    }

    /// The times that ran, in order.
    pub(crate) fn slots(&self) -> Vec<i64> {
        self.ran.lock().unwrap().iter().map(|(_, slot, ..)| *slot).collect()
    }
}

impl Work for Notes {
    fn perform<'a>(&'a self, run: &'a Run) -> BoxFuture<'a, WorkEnd> {
        self.ran.lock().unwrap().push((run.job.name.clone(), run.scheduled_ms, run.missed, run.attempt));
        Box::pin(async {
            self.may_end.acquire().await.unwrap().forget();
            self.end.clone()
        })
    }

    fn deliver<'a>(&'a self, to: &'a str, text: &'a str) -> BoxFuture<'a, Result<(), Undelivered>> {
        let failure = self.failures.lock().unwrap().pop();
        Box::pin(async move {
            if let Some(failure) = failure {
                return Err(failure);
            }
            self.delivered.lock().unwrap().push((to.to_owned(), text.to_owned()));
            Ok(())
        })
    }

    fn ended(&self, ended: Ended<'_>) {
        self.ended.lock().unwrap().push(ended.state);
    }
}

/// A job called `job`.
pub(crate) fn job(schedule: &str) -> CronSpec {
    let schedule = match schedule.strip_prefix("every ") {
        Some(interval) => Schedule::Every(openpista::cron::interval(interval).unwrap()),
        None => Schedule::Cron(schedule.into()),
    };
    CronSpec {
        name: "job".into(),
        schedule,
        tz: None,
        missed: Missed::Skip,
        overlap: Overlap::Skip,
        timeout: Duration::from_secs(300),
        to: None,
        work: CronWork::Prompt { agent: None, text: "hello".into() },
        location: "init.lua:1".into(),
    }
}

/// A program: a scheduler, its clock and its memory.
pub(crate) struct Program {
    pub(crate) clock: Arc<HandClock>,
    pub(crate) memory: Memory,
    scheduler: Scheduler,
}

impl Program {
    pub(crate) fn start(dir: &Path, clock: &Arc<HandClock>) -> Self {
        let memory = Memory::open(&dir.join("memory.db"), OpenOptions::default()).unwrap();
        let scheduler =
            Scheduler::new(Arc::new(memory.clone()), clock.clone(), CONFIG.into(), Tasks::default());
        Self { clock: clock.clone(), memory, scheduler }
    }

    pub(crate) async fn apply(&self, jobs: impl IntoIterator<Item = CronSpec>, work: &Arc<Notes>) {
        self.apply_in(Tz::UTC, jobs, work).await;
    }

    pub(crate) async fn apply_in(
        &self,
        zone: Tz,
        jobs: impl IntoIterator<Item = CronSpec>,
        work: &Arc<Notes>,
    ) {
        self.apply_by(Arc::new(move || zone.into()), jobs, work).await;
    }

    pub(crate) async fn apply_by(
        &self,
        zones: Zones,
        jobs: impl IntoIterator<Item = CronSpec>,
        work: &Arc<Notes>,
    ) {
        let jobs: Vec<_> = jobs.into_iter().map(Arc::new).collect();
        let some = !jobs.is_empty();
        self.scheduler.apply(jobs, zones, work.clone()).await;
        if some {
            self.clock.settled().await;
        }
    }

    /// Time passes, and what is due is taken.
    pub(crate) async fn pass(&self, ms: i64) {
        self.clock.pass(ms);
        self.clock.settled().await;
    }

    /// The clock is set, and what is due is taken.
    pub(crate) async fn put(&self, ms: i64) {
        self.clock.put(ms);
        self.clock.settled().await;
    }

    pub(crate) async fn stop(self) {
        self.scheduler.stop().await;
        self.memory.close().await;
    }

    /// The history, the oldest first.
    pub(crate) async fn runs(&self) -> Vec<RunRecord> {
        let mut runs = self.memory.runs(CONFIG, None, 1_000).await.unwrap();
        runs.reverse();
        runs
    }

    /// Waits until so many runs are in the history, none of them open.
    pub(crate) async fn ended(&self, count: usize) -> Vec<(i64, RunState)> {
        let open = |run: &RunRecord| matches!(run.state, RunState::Queued | RunState::Running);
        until(&format!("{count} runs ended"), async || {
            let runs = self.runs().await;
            runs.len() >= count && !runs.iter().any(open)
        })
        .await;
        self.runs().await.iter().map(|run| (run.scheduled_ms, run.state)).collect()
    }
}
