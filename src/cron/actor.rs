//! The task that waits for times, takes what is due, and begins runs.

mod declaring;

use super::{
    clock::Clock,
    decide::decide,
    job::Job,
    run::{self, DELIVERY_WAITS},
    scheduler::Zones,
    work::{Run, Work},
    zone::Zone,
};
use crate::{
    domain::{
        cron::{Beginning, Claim, Claimed, CronStore, NEVER, RunEnd, RunState},
        plan::CronSpec,
        store::StoreError,
    },
    health::{TASK_RESTART_FIRST, TASK_RESTART_LONGEST, Tasks, chaos, panic_message},
};
use futures_util::FutureExt;
use std::{
    collections::{BTreeMap, HashMap},
    panic::AssertUnwindSafe,
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
/// How often it is looked whether a job that is set aside was put back.
const SET_ASIDE_LOOK_MS: i64 = 5_000;
/// A job of which so many runs panicked one after the other is set aside.
pub const MAX_RUN_PANICS: u32 = 2;
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
    /// Jobs that could not be stored yet.
    undeclared: Option<Vec<Arc<CronSpec>>>,
    tasks: Tasks,
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
        tasks: Tasks,
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
            undeclared: None,
            tasks,
        }
    }

    /// Serves until it is told to stop. A panic loses the step in which it happened, and nothing else.
    pub(super) async fn run(mut self) {
        let mut wait = TASK_RESTART_FIRST;
        loop {
            match AssertUnwindSafe(self.step()).catch_unwind().await {
                Ok(Next::GoOn) => wait = TASK_RESTART_FIRST,
                Ok(Next::End) => break,
                Err(panic) => {
                    self.tasks.failed("cron", &*panic, wait);
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(TASK_RESTART_LONGEST);
                }
            }
        }
        self.end().await;
    }

    /// Does what is due, and waits for the next thing to do.
    async fn step(&mut self) -> Next {
        chaos::point("cron");
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
            message = self.inbox.recv() => return self.take(message).await,
            Some(ended) = self.runs.join_next_with_id() => self.note_end(ended).await,
            Some(_) = self.deliveries.join_next() => {}
            () = time => {}
        }
        Next::GoOn
    }

    async fn take(&mut self, message: Option<Message>) -> Next {
        let Some(Message::Apply { jobs, zones, work, done }) = message else { return Next::End };
        self.zones = zones;
        self.local = (self.zones)();
        self.work = Some(work);
        // Kept until it is done, also over a panic.
        self.undeclared = Some(jobs);
        self.apply().await;
        // A generation without jobs is not held on to.
        if self.jobs.is_empty() && self.undeclared.is_none() {
            self.work = None;
            self.clock.rest();
        }
        let _ = done.send(());
        Next::GoOn
    }

    /// Does all that is to be done now; says when there is more.
    async fn work_off(&mut self) -> Option<i64> {
        self.follow_zone();
        self.apply().await;
        let now = self.clock.now_ms();
        let mut wake = now + LOOK.as_millis() as i64;
        if self.undeclared.is_some() {
            wake = now + RETRY_MS;
        } else if self.jobs.is_empty() {
            return None;
        }
        if self.look_at_set_aside().await {
            wake = now + SET_ASIDE_LOOK_MS;
        }
        let names: Vec<_> = self.jobs.keys().cloned().collect();
        for name in names {
            let claimed = self.claim(&name, now).await;
            let begun = self.begin(&name, now).await;
            for error in [claimed.err(), begun.err()].into_iter().flatten() {
                tracing::error!(target: "cron", job = name, "{error}");
                wake = wake.min(now + RETRY_MS);
            }
            let Some(job) = self.jobs.get(&name).filter(|job| job.set_aside.is_none()) else { continue };
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
        let Some(job) = self.jobs.get_mut(name).filter(|job| job.next_ms != NEVER && job.set_aside.is_none())
        else {
            return Ok(());
        };
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
        let Some(job) =
            self.jobs.get_mut(name).filter(|job| job.not_before_ms <= now && job.set_aside.is_none())
        else {
            return Ok(());
        };
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
            Ok((task, ())) => {
                let ended = self.busy.remove(&task);
                if let Some(job) = ended.and_then(|(job, _)| self.jobs.get_mut(&job)) {
                    job.panics = 0;
                }
            }
            Err(error) => {
                let Some((job, run)) = self.busy.remove(&error.id()) else { return };
                let why = match error.try_into_panic() {
                    Ok(panic) => {
                        self.tasks.failed(&format!("job:{job}"), &*panic, Duration::ZERO);
                        format!("a fault of the program: {}", panic_message(&*panic))
                    }
                    Err(error) => error.to_string(),
                };
                self.close(run, RunState::Failed, &why).await;
                self.count_panic(&job, &why).await;
            }
        }
    }

    /// A job whose runs panic twice in a row is set aside.
    async fn count_panic(&mut self, name: &str, why: &str) {
        let Some(job) = self.jobs.get_mut(name) else { return };
        job.panics += 1;
        if job.panics < MAX_RUN_PANICS {
            return;
        }
        job.panics = 0;
        job.set_aside = Some(why.to_owned());
        tracing::error!(target: "cron", job = name, "set aside (`openpista cron list`): {why}");
        if let Err(error) = self.store.set_aside(&self.config, name, Some(why), None).await {
            tracing::error!(target: "cron", job = name, "{error}");
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
