//! Taking times that are due, so that each is taken once.

use super::{JOB, RUNS_KEPT, job};
use crate::{
    domain::{
        cron::{Beginning, Claim, Claimed, MissedSlots, StoredJob},
        plan::Overlap,
    },
    memory::{desk::Desk, error::Fault},
};

/// So many runs of a job wait their turn; of further times is noted that they were skipped.
const QUEUE: usize = 100;

const OVERLAPPED: &str = "the run before it was still under way";
const FULL: &str = "too many runs before it were still waiting";

const CHANGED: &str = "the schedule was changed before this time was made up for";

const NOTE: &str = "SELECT note FROM cron_jobs WHERE config = ?1 AND name = ?2";
const TAKE: &str = "UPDATE cron_jobs SET next_ms = ?5, note = NULL
    WHERE config = ?1 AND name = ?2 AND schedule = ?3 AND next_ms = ?4";
const ADD: &str = "INSERT INTO cron_runs
    (config, job, slot_ms, attempt, manual, state, missed, instance, pid, started_ms, ended_ms, error, note)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING RETURNING id";
const OPEN: &str = "SELECT state, instance FROM cron_runs INDEXED BY cron_runs_open
    WHERE config = ?1 AND job = ?2 AND state IN ('queued', 'running')";
const QUEUED: &str = "SELECT config, job FROM cron_runs WHERE id = ?1 AND state = 'queued'";
const BEGIN: &str = "UPDATE cron_runs SET state = 'running', started_ms = ?2 WHERE id = ?1";
const PRUNE: &str =
    "DELETE FROM cron_runs WHERE config = ?1 AND job = ?2 AND state NOT IN ('queued', 'running')
    AND id <= (SELECT id FROM cron_runs WHERE config = ?1 AND job = ?2 AND state NOT IN ('queued', 'running')
        ORDER BY id DESC LIMIT 1 OFFSET ?3)";

/// A run to be stored.
struct New<'a> {
    slot_ms: i64,
    attempt: u32,
    manual: bool,
    state: &'a str,
    missed: u64,
    began_ms: Option<i64>,
    ended_ms: Option<i64>,
    error: Option<&'a str>,
    note: Option<&'a str>,
}

pub(super) fn claim(desk: &mut Desk<'_>, claim: Claim) -> Result<Claimed, Fault> {
    let Claim { config, job: name, schedule, expected_ms, next_ms, runs, missed, overlap, now_ms } = claim;
    let note: Option<String> = desk.row(NOTE, (&config, &name), |row| row.get(0))?.flatten();
    let note = note.as_deref();
    if desk.run(TAKE, (&config, &name, &schedule, expected_ms, next_ms))? == 0 {
        return Ok(Claimed::Lost(desk.row(JOB, (&config, &name), job)?));
    }
    desk.owner.hold()?;
    if let Some(MissedSlots { count, last_ms }) = missed {
        let row = New {
            slot_ms: last_ms,
            attempt: 0,
            manual: false,
            state: "missed",
            missed: count,
            began_ms: None,
            ended_ms: Some(now_ms),
            error: None,
            note,
        };
        add(desk, &config, &name, &row)?;
    }
    let mut waiting = open(desk, &config, &name)?.len();
    let busy = waiting > 0;
    let mut won = Vec::with_capacity(runs.len());
    for run in runs {
        let skipped = if run.in_time && busy && overlap == Overlap::Skip {
            Some(OVERLAPPED)
        } else {
            (waiting >= QUEUE).then_some(FULL)
        };
        let row = New {
            slot_ms: run.slot_ms,
            attempt: run.attempt,
            manual: false,
            state: if skipped.is_some() { "skipped" } else { "queued" },
            missed: run.missed,
            began_ms: None,
            ended_ms: skipped.map(|_| now_ms),
            error: skipped,
            note,
        };
        match add(desk, &config, &name, &row)? {
            Some(id) if skipped.is_none() => {
                waiting += 1;
                won.push((id, run));
            }
            _ => {}
        }
    }
    prune(desk, &config, &name)?;
    Ok(Claimed::Won(won))
}

/// Notes that a time was due when the job got another schedule.
pub(super) fn passed(
    desk: &mut Desk<'_>,
    config: &str,
    stored: &StoredJob,
    now_ms: i64,
) -> Result<(), Fault> {
    let row = New {
        slot_ms: stored.next_ms,
        attempt: 0,
        manual: false,
        state: "missed",
        missed: 1,
        began_ms: None,
        ended_ms: Some(now_ms),
        error: Some(CHANGED),
        note: None,
    };
    add(desk, config, &stored.name, &row)?;
    Ok(())
}

/// Marks a run as running, unless another of the job is.
pub(super) fn begin(desk: &mut Desk<'_>, run: i64, now_ms: i64) -> Result<Beginning, Fault> {
    let found = desk.row(QUEUED, [run], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let Some((config, job)) = found else { return Ok(Beginning::Gone) };
    if open(desk, &config, &job)?.iter().any(|state| state == "running") {
        return Ok(Beginning::Busy);
    }
    desk.run(BEGIN, (run, now_ms))?;
    Ok(Beginning::Begun)
}

pub(super) fn begin_manual(desk: &mut Desk<'_>, config: &str, job: &str, now_ms: i64) -> Result<i64, Fault> {
    desk.owner.hold()?;
    let row = New {
        slot_ms: now_ms,
        attempt: 1,
        manual: true,
        state: "running",
        missed: 0,
        began_ms: Some(now_ms),
        ended_ms: None,
        error: None,
        note: None,
    };
    let id = add(desk, config, job, &row)?;
    prune(desk, config, job)?;
    id.ok_or_else(|| Fault::Text("a run could not be stored".into()))
}

/// Adds a run; `None` where its time is taken.
fn add(desk: &mut Desk<'_>, config: &str, job: &str, run: &New<'_>) -> Result<Option<i64>, Fault> {
    let missed = i64::try_from(run.missed).unwrap_or(i64::MAX);
    let instance = desk.owner.instance().to_owned();
    let params = (
        config,
        job,
        run.slot_ms,
        run.attempt,
        run.manual,
        run.state,
        missed,
        instance,
        std::process::id(),
        run.began_ms,
        run.ended_ms,
        run.error,
        run.note,
    );
    Ok(desk.row(ADD, params, |row| row.get(0))?)
}

/// The states of the job's runs that a living program has open.
fn open(desk: &mut Desk<'_>, config: &str, job: &str) -> Result<Vec<String>, Fault> {
    let rows =
        desk.rows(OPEN, (config, job), |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    Ok(rows.into_iter().filter(|(_, instance)| desk.owner.alive(instance)).map(|(state, _)| state).collect())
}

fn prune(desk: &mut Desk<'_>, config: &str, job: &str) -> Result<(), Fault> {
    desk.run(PRUNE, (config, job, RUNS_KEPT as i64))?;
    Ok(())
}
