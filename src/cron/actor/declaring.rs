//! The jobs that are declared, and those that were set aside.

use super::Actor;
use crate::{
    cron::job::{Job, declared},
    domain::{cron::DeclaredJob, plan::CronSpec},
};
use std::sync::Arc;

impl Actor {
    /// Takes up the jobs that are declared and not stored yet.
    pub(super) async fn apply(&mut self) {
        let Some(specs) = self.undeclared.clone() else { return };
        let now = self.clock.now_ms();
        let declared = self.declared(specs.iter(), now);
        let stored = match self.store.declare(&self.config, declared, now).await {
            Ok(stored) => stored,
            Err(error) => {
                // The jobs that were there go on until then.
                tracing::error!(target: "cron", "the jobs could not be taken up yet: {error}");
                return;
            }
        };
        self.undeclared = None;
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

    pub(super) fn declared<'a>(
        &self,
        specs: impl Iterator<Item = &'a Arc<CronSpec>>,
        now: i64,
    ) -> Vec<DeclaredJob> {
        specs.filter_map(|spec| declared(spec, &self.local, now).ok()).collect()
    }

    /// Takes the jobs up anew where the zone of this machine was changed.
    pub(super) fn follow_zone(&mut self) {
        if self.jobs.is_empty() {
            return;
        }
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
        self.undeclared.get_or_insert_with(|| self.jobs.values().map(|job| job.spec.clone()).collect());
    }

    /// Puts jobs back that somebody retried or dropped meanwhile; whether some stay set aside.
    pub(super) async fn look_at_set_aside(&mut self) -> bool {
        if self.jobs.values().all(|job| job.set_aside.is_none()) {
            return false;
        }
        match self.store.jobs(&self.config).await {
            Ok(stored) => {
                for stored in stored {
                    if let Some(job) = self.jobs.get_mut(&stored.name).filter(|job| job.set_aside.is_some()) {
                        job.follow(Some(stored));
                    }
                }
            }
            Err(error) => tracing::error!(target: "cron", "{error}"),
        }
        self.jobs.values().any(|job| job.set_aside.is_some())
    }
}
