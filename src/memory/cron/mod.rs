//! Jobs and their runs.

mod claiming;
mod closing;
mod renaming;
mod runs;

pub use renaming::FormerConfig;

use super::{Memory, desk::Desk, error::Fault};
use crate::domain::{
    BoxFuture,
    cron::{
        Beginning, Claim, Claimed, CronStore, DeclaredJob, PastSlot, RunEnd, RunRecord, StoredJob, other_zone,
    },
    store::StoreError,
};
use closing::Whose;
use rusqlite::{Connection, Row};
use std::collections::HashSet;

/// So many ended runs of a job are kept, the newest.
const RUNS_KEPT: usize = 200;

const JOBS: &str = "SELECT name, schedule, anchor_ms, next_ms, set_aside FROM cron_jobs
    WHERE config = ?1 ORDER BY name";
const JOB: &str = "SELECT name, schedule, anchor_ms, next_ms, set_aside FROM cron_jobs
    WHERE config = ?1 AND name = ?2";
const SET: &str = "INSERT OR REPLACE INTO cron_jobs (config, name, schedule, anchor_ms, next_ms)
    VALUES (?1, ?2, ?3, ?4, ?5)";
const SET_ASIDE: &str = "UPDATE cron_jobs SET set_aside = ?3, next_ms = coalesce(?4, next_ms)
    WHERE config = ?1 AND name = ?2";
/// Another schedule, and the time as it is.
const MOVE: &str =
    "UPDATE cron_jobs SET schedule = ?3, anchor_ms = ?4, note = ?5 WHERE config = ?1 AND name = ?2";
const FORGET: &str = "DELETE FROM cron_jobs WHERE config = ?1 AND name = ?2";
const PAST: &str = "SELECT slot_ms, attempt, state = 'interrupted' FROM cron_runs
    WHERE config = ?1 AND job = ?2 AND slot_ms >= ?3 AND manual = 0";

impl CronStore for Memory {
    fn declare<'a>(
        &'a self,
        config: &'a str,
        jobs: Vec<DeclaredJob>,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<StoredJob>, StoreError>> {
        let config = config.to_owned();
        self.write(move |desk| {
            declare(desk, &config, &jobs, now_ms)?;
            closing::close(desk, &config, &jobs, now_ms, Whose::TheDead)?;
            Ok(desk.rows(JOBS, [&config], job)?)
        })
    }

    fn release<'a>(
        &'a self,
        config: &'a str,
        jobs: Vec<DeclaredJob>,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let config = config.to_owned();
        self.keep(move |desk| closing::close(desk, &config, &jobs, now_ms, Whose::OursToo))
    }

    fn jobs<'a>(&'a self, config: &'a str) -> BoxFuture<'a, Result<Vec<StoredJob>, StoreError>> {
        let config = config.to_owned();
        Box::pin(self.read(move |conn| list(conn, JOBS, [config], job)))
    }

    fn past<'a>(
        &'a self,
        config: &'a str,
        job: &'a str,
        from_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<PastSlot>, StoreError>> {
        let params = (config.to_owned(), job.to_owned(), from_ms);
        let slot = |row: &Row<'_>| {
            Ok(PastSlot { slot_ms: row.get(0)?, attempt: row.get(1)?, interrupted: row.get(2)? })
        };
        Box::pin(self.read(move |conn| list(conn, PAST, params, slot)))
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Claimed, StoreError>> {
        self.write(move |desk| claiming::claim(desk, claim))
    }

    fn begin(&self, run: i64, now_ms: i64) -> BoxFuture<'_, Result<Beginning, StoreError>> {
        self.write(move |desk| claiming::begin(desk, run, now_ms))
    }

    fn begin_manual<'a>(
        &'a self,
        config: &'a str,
        job: &'a str,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<i64, StoreError>> {
        let (config, job) = (config.to_owned(), job.to_owned());
        self.write(move |desk| claiming::begin_manual(desk, &config, &job, now_ms))
    }

    fn end(&self, run: i64, end: RunEnd) -> BoxFuture<'_, Result<(), StoreError>> {
        self.keep(move |desk| runs::end(desk, run, &end))
    }

    fn delivery<'a>(&'a self, run: i64, error: Option<&'a str>) -> BoxFuture<'a, Result<(), StoreError>> {
        let error = error.map(str::to_owned);
        self.keep(move |desk| runs::delivery(desk, run, error.as_deref()))
    }

    fn set_aside<'a>(
        &'a self,
        config: &'a str,
        job: &'a str,
        reason: Option<&'a str>,
        next_ms: Option<i64>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let (config, job, reason) = (config.to_owned(), job.to_owned(), reason.map(str::to_owned));
        self.keep_one(move |desk| Ok(desk.run(SET_ASIDE, (&config, &job, &reason, next_ms))? > 0))
    }

    fn runs<'a>(
        &'a self,
        config: &'a str,
        job: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RunRecord>, StoreError>> {
        let (config, job, path) = (config.to_owned(), job.map(str::to_owned), self.path().to_owned());
        Box::pin(self.read(move |conn| runs::newest(conn, &path, &config, job.as_deref(), limit)))
    }
}

/// Keeps what has the same schedule, begins what is new or changed, forgets the others.
fn declare(desk: &mut Desk<'_>, config: &str, jobs: &[DeclaredJob], now_ms: i64) -> Result<(), Fault> {
    let stored = desk.rows(JOBS, [config], job)?;
    let declared: HashSet<_> = jobs.iter().map(|job| job.name.as_str()).collect();
    for gone in stored.iter().filter(|job| !declared.contains(job.name.as_str())) {
        desk.run(FORGET, (config, &gone.name))?;
    }
    for job in jobs {
        match stored.iter().find(|stored| stored.name == job.name) {
            Some(stored) if stored.schedule == job.schedule => continue,
            // Nobody has taken its time: it is due still, whatever has become of the schedule.
            Some(stored) if stored.next_ms <= now_ms => {
                if let Some(zone) = other_zone(&stored.schedule, &job.schedule) {
                    let note = format!("planned by the zone {zone}, before the zone was changed");
                    desk.run(MOVE, (config, &job.name, &job.schedule, job.anchor_ms, note))?;
                    continue;
                }
                claiming::passed(desk, config, stored, now_ms)?;
            }
            _ => {}
        }
        desk.run(SET, (config, &job.name, &job.schedule, job.anchor_ms, job.next_ms))?;
    }
    Ok(())
}

fn job(row: &Row<'_>) -> rusqlite::Result<StoredJob> {
    Ok(StoredJob {
        name: row.get(0)?,
        schedule: row.get(1)?,
        anchor_ms: row.get(2)?,
        next_ms: row.get(3)?,
        set_aside: row.get(4)?,
    })
}

fn list<T>(
    conn: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Fault> {
    Ok(conn.prepare(sql)?.query_map(params, read)?.collect::<Result<_, _>>()?)
}
