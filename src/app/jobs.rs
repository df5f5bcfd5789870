//! Jobs, for people who look at them or want one run now.

use super::{
    App, Loaded,
    services::cron::{Jobs, stored_config, zone_here},
};
use crate::{
    cron::{Outcome, SystemClock, Timing, Zone, deliver, run_now, timing, written},
    domain::{
        cron::{CronStore, NEVER, RunRecord, RunState, StoredJob},
        nearest::nearest,
        plan::{CronSpec, Schedule},
    },
};
use anyhow::{anyhow, bail};
use std::sync::Arc;

/// A job as listed.
pub struct JobReport {
    /// As declared.
    pub spec: CronSpec,
    /// Its schedule as it was written.
    pub schedule: String,
    /// Its zone; none for intervals.
    pub zone: Option<String>,
    /// When it is due, in milliseconds since 1970 (UTC).
    pub next_ms: Option<i64>,
    /// The same in its zone, `2026-11-25 08:00:00 +09:00`.
    pub next: Option<String>,
    /// The last run that is stored.
    pub last: Option<RunRecord>,
    /// Why it does not run: its runs made the program panic.
    pub set_aside: Option<String>,
}

impl Loaded {
    /// The jobs, when each is due, and how each ran last. Only looks.
    pub async fn jobs(&self) -> anyhow::Result<Vec<JobReport>> {
        let (memory, local) = (self.memory()?, zone_here(self).zone);
        let config = stored_config(self, memory).await?;
        let stored = memory.jobs(&config).await?;
        let now = crate::cron::Clock::now_ms(&SystemClock::default());
        let mut reports = vec![];
        for spec in self.plan.cron.values() {
            let (_, key) = timing(spec, &local, now).map_err(|reason| anyhow!("{}: {reason}", spec.name))?;
            let stored = stored.iter().find(|job| job.name == spec.name && job.schedule == key);
            let last = memory.runs(&config, Some(&spec.name), 1).await?.pop();
            reports.push(report(spec, &local, now, stored, last));
        }
        Ok(reports)
    }

    /// The last runs of a job, or of all; the newest first. Only looks.
    pub async fn job_runs(&self, job: Option<&str>, limit: usize) -> anyhow::Result<Vec<RunRecord>> {
        let memory = self.memory()?;
        let runs = memory.runs(&stored_config(self, memory).await?, job, limit).await?;
        if let Some(job) = job
            && runs.is_empty()
        {
            // One that was declared once has its history still.
            self.job(job)?;
        }
        Ok(runs)
    }

    /// Puts a job back that was set aside; with `makes_up`, missed times count. False: it was not set aside.
    pub async fn put_back(&self, name: &str, makes_up: bool) -> anyhow::Result<bool> {
        let (job, memory) = (self.job(name)?, self.memory()?);
        let config = stored_config(self, memory).await?;
        let stored = memory.jobs(&config).await?;
        if !stored.iter().any(|stored| stored.name == name && stored.set_aside.is_some()) {
            return Ok(false);
        }
        let now = crate::cron::Clock::now_ms(&SystemClock::default());
        let (timing, _) =
            timing(job, &zone_here(self).zone, now).map_err(|reason| anyhow!("{name}: {reason}"))?;
        let next = (!makes_up).then(|| timing.next_after(now));
        Ok(memory.set_aside(&config, name, None, next).await?)
    }

    /// A time as clocks here show it.
    pub fn local_time(&self, ms: i64) -> String {
        crate::cron::shown_time(ms, &zone_here(self).zone).unwrap_or_default()
    }

    /// A job by name.
    fn job(&self, name: &str) -> anyhow::Result<&CronSpec> {
        self.plan.cron.get(name).ok_or_else(|| {
            let names = self.plan.cron.keys().map(String::as_str);
            let hint =
                nearest(name, names).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
            anyhow!("no job is called {name:?}{hint} (`openpista cron list` shows what there is)")
        })
    }
}

impl App {
    /// Runs a job now and delivers its text; the text comes back. `stop` ends it before its time.
    pub async fn run_job(
        &self,
        name: &str,
        stop: impl Future<Output = ()>,
    ) -> anyhow::Result<Option<String>> {
        let live = self.live.load_full();
        let spec = Arc::new(live.loaded.job(name)?.clone());
        let work = Jobs::new(&live, self.gateway().downgrade())?;
        let (store, clock) = (self.memory(), SystemClock::default());
        let config = stored_config(&live.loaded, store).await?;
        let (run, outcome) = run_now(spec, &config, &work, store, &clock, stop).await?;
        let Outcome { state, error, text } = outcome;
        if state != RunState::Ok {
            bail!("the job {name} {}: {}", said(state), error.unwrap_or_default());
        }
        if let Some(text) = &text {
            // A person waits: one try.
            let delivered = deliver(&run, text, &work, store, &clock, &[]).await;
            delivered
                .map_err(|reason| anyhow!("the job {name} ran, and its text was not delivered: {reason}"))?;
        }
        Ok(text)
    }
}

fn said(state: RunState) -> &'static str {
    match state {
        RunState::Timeout => "took too long",
        RunState::Skipped => "did not run",
        RunState::Interrupted => "was stopped",
        _ => "failed",
    }
}

fn report(
    spec: &CronSpec,
    local: &Zone,
    now: i64,
    stored: Option<&StoredJob>,
    last: Option<RunRecord>,
) -> JobReport {
    let anchor = stored.map_or(now, |job| job.anchor_ms);
    let timing = timing(spec, local, anchor).ok().map(|(timing, _)| timing);
    let zone = match &timing {
        Some(Timing::Cron(_, zone)) => Some(zone.clone()),
        _ => None,
    };
    let next_ms = match stored {
        // Of times that passed meanwhile the program that stays will say what becomes of them.
        Some(job) => job.next_ms,
        None => timing.map_or(NEVER, |timing| timing.next_after(now)),
    };
    let next_ms = (next_ms != NEVER).then_some(next_ms);
    let next = next_ms.and_then(|ms| crate::cron::shown_time(ms, zone.as_ref().unwrap_or(local)));
    let schedule = match &spec.schedule {
        Schedule::Cron(text) => text.clone(),
        Schedule::Every(interval) => format!("every {}", written(*interval)),
    };
    JobReport {
        spec: spec.clone(),
        schedule,
        zone: zone.map(|zone| zone.to_string()),
        next_ms,
        next,
        last,
        set_aside: stored.and_then(|job| job.set_aside.clone()),
    }
}
