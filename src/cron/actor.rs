//! The task that waits for times, takes what is due, and begins runs.

use super::{
    clock::Clock,
    decide::decide,
    job::{Job, declared},
    run::{self, DELIVERY_WAITS},
    scheduler::Zones,
    work::{Run, Work},
    zone::Zone,
};
use crate::domain::{
    cron::{Beginning, Claim, Claimed, CronStore, DeclaredJob, NEVER, RunEnd, RunState},
    plan::CronSpec,
    store::StoreError,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::{Id, JoinSet},
};

/// While there are jobs, the clock is looked at no less often: it may have been changed.
pub const LOOK: Duration = Duration::from_secs(60);
/// When something is tried again that the store, or another program, stood in the way of.
const RETRY_MS: i64 = 1_000;
/// So many runs are under way at the same time; further ones wait.
pub const RUNNING: usize = 16;
/// How long runs under way may still take when the program ends.
pub const STOP_GRACE: Duration = Duration::from_secs(3);

/// What the task is told.
pub(super) enum Message {
    Apply { jobs: Vec<Arc<CronSpec>>, zones: Zones, work: Arc<dyn Work>, done: oneshot::Sender<()> },
    Stop,
}

pub(super) struct Actor {
    store: Arc<dyn CronStore>,
    clock: Arc<dyn Clock>,
    config: String,
    inbox: mpsc::UnboundedReceiver<Message>,
    jobs: BTreeMap<String, Job>,
    /// Tells the zone of jobs that name none, and what it told last.
    zones: Zones,
    local: Zone,
    /// Of the generation in force.
    work: Option<Arc<dyn Work>>,
    runs: JoinSet<()>,
    /// The jobs that the runs belong to.
    busy: HashMap<Id, (String, i64)>,
    deliveries: JoinSet<()>,
}

/// Whether the task goes on.
enum Next {
    GoOn,
    End,
}

impl Actor {
    pub(super) fn new(
        store: Arc<dyn CronStore>,
        clock: Arc<dyn Clock>,
        config: String,
        inbox: mpsc::UnboundedReceiver<Message>,
    ) -> Self {
        Self {
            store,
            clock,
            config,
            inbox,
            jobs: BTreeMap::new(),
            zones: Arc::new(|| Zone::UTC),
            local: Zone::UTC,
            work: None,
            runs: JoinSet::new(),
            busy: HashMap::new(),
            deliveries: JoinSet::new(),
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let wake = self.work_off().await;
            let clock = self.clock.clone();
            let time = async {
                match wake {
                    // Whatever the clock on the wall is set to meanwhile.
                    Some(at_ms) => tokio::select! {
                        () = clock.until(at_ms) => {}
                        () = clock.sleep(LOOK) => {}
                    },
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = self.inbox.recv() => {
                    if let Next::End = self.take(message).await {
                        break;
                    }
                }
                Some(ended) = self.runs.join_next_with_id() => self.note_end(ended).await,
                Some(_) = self.deliveries.join_next() => {}
                () = time => {}
            }
        }
        self.end().await;
    }

    async fn take(&mut self, message: Option<Message>) -> Next {
        let Some(Message::Apply { jobs, zones, work, done }) = message else { return Next::End };
        self.zones = zones;
        self.local = (self.zones)();
        self.apply(jobs).await;
        // A generation without jobs is not held on to.
        self.work = (!self.jobs.is_empty()).then_some(work);
        if self.jobs.is_empty() {
            self.clock.rest();
        }
        let _ = done.send(());
        Next::GoOn
    }

    async fn apply(&mut self, specs: Vec<Arc<CronSpec>>) {
        let now = self.clock.now_ms();
        let declared = self.declared(specs.iter(), now);
        let stored = match self.store.declare(&self.config, declared, now).await {
            Ok(stored) => stored,
            Err(error) => {
                // The jobs that were there go on.
                tracing::error!(target: "cron", "the jobs could not be taken up: {error}");
                return;
            }
        };
        let mut before = std::mem::take(&mut self.jobs);
        for spec in specs {
            let Some(stored) = stored.iter().find(|stored| stored.name == spec.name) else { continue };
            match Job::new(spec.clone(), &self.local, stored) {
                Ok(mut job) => {
                    if let Some(old) = before.remove(&spec.name) {
                        job.waiting = old.waiting;
                    }
                    self.jobs.insert(spec.name.clone(), job);
                }
                Err(reason) => tracing::error!(target: "cron", job = spec.name, "{reason}"),
            }
        }
        for (run, _) in before.into_values().flat_map(|job| job.waiting) {
            self.skip(run, "the job is not declared any more").await;
        }
    }

    fn declared<'a>(&self, specs: impl Iterator<Item = &'a Arc<CronSpec>>, now: i64) -> Vec<DeclaredJob> {
        specs.filter_map(|spec| declared(spec, &self.local, now).ok()).collect()
    }

    /// Takes the jobs up anew where the zone of this machine was changed.
    async fn follow_zone(&mut self) {
        let now = (self.zones)();
        if now == self.local {
            return;
        }
        tracing::warn!(
            target: "cron",
            "the time zone of this machine is {now} now, and was {}: jobs without a zone of their own go by it",
            self.local
        );
        self.local = now;
        let specs = self.jobs.values().map(|job| job.spec.clone()).collect();
        self.apply(specs).await;
    }

    /// Does all that is to be done now; says when there is more.
    async fn work_off(&mut self) -> Option<i64> {
        if self.jobs.is_empty() {
            return None;
        }
        self.follow_zone().await;
        let now = self.clock.now_ms();
        let mut wake = now + LOOK.as_millis() as i64;
        let names: Vec<_> = self.jobs.keys().cloned().collect();
        for name in names {
            let claimed = self.claim(&name, now).await;
            let begun = self.begin(&name, now).await;
            for error in [claimed.err(), begun.err()].into_iter().flatten() {
                tracing::error!(target: "cron", job = name, "{error}");
                wake = wake.min(now + RETRY_MS);
            }
            let Some(job) = self.jobs.get(&name) else { continue };
            // One that is due still could not be taken.
            wake = wake.min(if job.next_ms > now { job.next_ms } else { now + RETRY_MS });
            if job.not_before_ms > now {
                wake = wake.min(job.not_before_ms);
            }
        }
        Some(wake)
    }

    /// Takes the times of a job that are due.
    async fn claim(&mut self, name: &str, now: i64) -> Result<(), StoreError> {
        let Some(job) = self.jobs.get_mut(name).filter(|job| job.next_ms != NEVER) else { return Ok(()) };
        if job.next_ms > now && job.right_ms.is_some_and(|right| right <= now) {
            return Ok(());
        }
        // Where others are faster, once more with what they left.
        for _ in 0..2 {
            let past = match job.next_ms <= now {
                true => self.store.past(&self.config, name, job.next_ms).await?,
                false => vec![],
            };
            let Some(decision) = decide(now, job.next_ms, &past, &job.timing, job.spec.missed) else {
                job.right_ms = Some(now);
                break;
            };
            let claim = Claim {
                config: self.config.clone(),
                job: name.to_owned(),
                schedule: job.schedule.clone(),
                expected_ms: job.next_ms,
                next_ms: decision.next_ms,
                runs: decision.runs,
                missed: decision.missed,
                overlap: job.spec.overlap,
                now_ms: now,
            };
            if let Some(missed) = &claim.missed {
                tracing::info!(target: "cron", job = name, count = missed.count, "missed");
            }
            match self.store.claim(claim).await? {
                Claimed::Won(runs) => {
                    job.next_ms = decision.next_ms;
                    job.right_ms = Some(now);
                    job.waiting.extend(runs);
                    break;
                }
                Claimed::Lost(stored) => job.follow(stored),
            }
        }
        Ok(())
    }

    /// Begins the next run of a job that waits, if nothing is in its way.
    async fn begin(&mut self, name: &str, now: i64) -> Result<(), StoreError> {
        let busy = self.busy.values().any(|(job, _)| job == name);
        let Some(work) = self.work.clone().filter(|_| !busy && self.runs.len() < RUNNING) else {
            return Ok(());
        };
        let Some(job) = self.jobs.get_mut(name).filter(|job| job.not_before_ms <= now) else { return Ok(()) };
        while let Some((id, planned)) = job.waiting.front().copied() {
            match self.store.begin(id, now).await? {
                Beginning::Busy => {
                    job.not_before_ms = now + RETRY_MS;
                    break;
                }
                Beginning::Gone => drop(job.waiting.pop_front()),
                Beginning::Begun => {
                    job.waiting.pop_front();
                    let run = Run {
                        id,
                        job: job.spec.clone(),
                        scheduled_ms: planned.slot_ms,
                        started_ms: now,
                        missed: planned.missed,
                        attempt: planned.attempt,
                        manual: false,
                    };
                    self.spawn(run, work);
                    break;
                }
            }
        }
        Ok(())
    }

    fn spawn(&mut self, run: Run, work: Arc<dyn Work>) {
        let (name, id) = (run.job.name.clone(), run.id);
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let (texts, text) = oneshot::channel();
        let (theirs, delivering) = (run.clone(), (store.clone(), clock.clone(), work.clone()));
        let task = self.runs.spawn(async move {
            let outcome = run::perform(&run, &*work, &*store, &*clock).await;
            let _ = texts.send(outcome.text);
        });
        self.busy.insert(task.id(), (name, id));
        // Apart from the run: the job may run again while its text is on its way.
        self.deliveries.spawn(async move {
            let (store, clock, work) = delivering;
            if let Ok(Some(text)) = text.await {
                let _ = run::deliver(&theirs, &text, &*work, &*store, &*clock, &DELIVERY_WAITS).await;
            }
        });
    }

    async fn note_end(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        match ended {
            Ok((task, ())) => drop(self.busy.remove(&task)),
            Err(error) => {
                let Some((job, run)) = self.busy.remove(&error.id()) else { return };
                tracing::error!(target: "cron", job, "a run ended in a fault of the program: {error}");
                self.close(run, RunState::Failed, "a fault of the program").await;
            }
        }
    }

    async fn skip(&self, run: i64, why: &str) {
        self.close(run, RunState::Skipped, why).await;
    }

    async fn close(&self, run: i64, state: RunState, why: &str) {
        let end = RunEnd {
            state,
            error: Some(why.to_owned()),
            output: None,
            delivers: false,
            now_ms: self.clock.now_ms(),
        };
        if let Err(error) = self.store.end(run, end).await {
            tracing::error!(target: "cron", "{error}");
        }
    }

    /// The program ends.
    async fn end(mut self) {
        self.clock.rest();
        let runs = async { while self.runs.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(STOP_GRACE, runs).await;
        self.runs.shutdown().await;
        self.deliveries.shutdown().await;
        let now = self.clock.now_ms();
        let declared = self.declared(self.jobs.values().map(|job| &job.spec), now);
        if let Err(error) = self.store.release(&self.config, declared, now).await {
            tracing::error!(target: "cron", "{error}");
        }
    }
}
