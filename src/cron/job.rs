//! A job as the scheduler knows it.

use super::{expression::Expression, timing::Timing, zone::Zone, zone_name};
use crate::domain::{
    cron::{DeclaredJob, NEVER, PlannedRun, StoredJob},
    plan::{CronSpec, Missed, Schedule},
};
use std::{collections::VecDeque, sync::Arc};

/// A job, when it is due, and what of it waits to run.
pub(super) struct Job {
    pub(super) spec: Arc<CronSpec>,
    /// Its schedule and zone in one text.
    pub(super) schedule: String,
    pub(super) timing: Timing,
    /// When it is due; [`NEVER`] when another program has it with another schedule.
    pub(super) next_ms: i64,
    /// When that was found right. Only a clock that was put back since makes it worth another look.
    pub(super) right_ms: Option<i64>,
    /// Runs that are taken and have not begun.
    pub(super) waiting: VecDeque<(i64, PlannedRun)>,
    /// No sooner than then is another try to begin one: it runs in another program.
    pub(super) not_before_ms: i64,
    /// Why it does not run until somebody retries or drops it.
    pub(super) set_aside: Option<String>,
    /// How many of its last runs panicked, one after the other.
    pub(super) panics: u32,
}

/// How a job is timed, and the text that tells this schedule from others.
///
/// # Errors
/// Where its schedule or its zone is wrong. Loading a configuration checks both.
pub fn timing(spec: &CronSpec, local: &Zone, anchor_ms: i64) -> Result<(Timing, String), String> {
    match &spec.schedule {
        Schedule::Cron(text) => {
            let zone = spec.tz.as_deref().map_or_else(|| Ok(local.clone()), zone_name::zone)?;
            let expression = Expression::parse(text)?;
            let schedule = format!("cron {text} {zone}");
            Ok((Timing::Cron(Box::new(expression), zone), schedule))
        }
        Schedule::Every(period) => {
            let period_ms = i64::try_from(period.as_millis()).map_err(|_| "too long an interval")?.max(1);
            Ok((Timing::Every { period_ms, anchor_ms }, format!("every {period_ms}")))
        }
    }
}

/// The job as the store is told of it, beginning now.
///
/// # Errors
/// As [`timing`].
pub(super) fn declared(spec: &CronSpec, local: &Zone, now_ms: i64) -> Result<DeclaredJob, String> {
    // Whole seconds: the timer knows no others.
    let anchor_ms = now_ms - now_ms.rem_euclid(1_000);
    let (timing, schedule) = timing(spec, local, anchor_ms)?;
    Ok(DeclaredJob {
        name: spec.name.clone(),
        schedule,
        anchor_ms,
        next_ms: timing.next_after(now_ms),
        makes_up: spec.missed != Missed::Skip,
    })
}

impl Job {
    /// The job as stored.
    ///
    /// # Errors
    /// As [`timing`].
    pub(super) fn new(spec: Arc<CronSpec>, local: &Zone, stored: &StoredJob) -> Result<Self, String> {
        let (timing, schedule) = timing(&spec, local, stored.anchor_ms)?;
        Ok(Self {
            spec,
            schedule,
            timing,
            next_ms: stored.next_ms,
            right_ms: None,
            waiting: VecDeque::new(),
            not_before_ms: 0,
            set_aside: stored.set_aside.clone(),
            panics: 0,
        })
    }

    /// Others were faster: goes by what is stored now.
    pub(super) fn follow(&mut self, stored: Option<StoredJob>) {
        self.right_ms = None;
        match stored {
            Some(stored) if stored.schedule == self.schedule => {
                self.next_ms = stored.next_ms;
                self.set_aside = stored.set_aside;
            }
            _ => {
                let job = &self.spec.name;
                tracing::warn!(
                    target: "cron",
                    job,
                    "another program has taken this job over with another schedule; it runs there"
                );
                self.next_ms = NEVER;
            }
        }
    }
}
