//! What became of runs.

use crate::{
    domain::cron::{RunEnd, RunRecord, RunState},
    memory::{desk::Desk, error::Fault, owner},
};
use rusqlite::{Connection, Row};
use std::path::Path;

/// Stays where the program ends before the text is delivered.
const NOT_YET: &str = "not delivered yet";

const END: &str =
    "UPDATE cron_runs SET state = ?2, error = ?3, output = ?4, ended_ms = ?5, delivery_error = ?6
    WHERE id = ?1 AND state IN ('queued', 'running')";
const DELIVERY: &str = "UPDATE cron_runs SET delivery_error = ?2 WHERE id = ?1";
const NEWEST: &str =
    "SELECT id, job, slot_ms, attempt, manual, state, missed, started_ms, ended_ms, error, output,
    delivery_error, instance, note FROM cron_runs
    WHERE config = ?1 AND job = coalesce(?2, job) ORDER BY id DESC LIMIT ?3";

pub(super) fn end(desk: &mut Desk<'_>, run: i64, end: &RunEnd) -> Result<(), Fault> {
    let delivery = end.delivers.then_some(NOT_YET);
    desk.run(END, (run, end.state.as_str(), &end.error, &end.output, end.now_ms, delivery))?;
    Ok(())
}

pub(super) fn delivery(desk: &mut Desk<'_>, run: i64, error: Option<&str>) -> Result<(), Fault> {
    desk.run(DELIVERY, (run, error))?;
    Ok(())
}

/// Reads runs. One that a dead program left open is shown as what it will be closed as.
pub(super) fn newest(
    conn: &Connection,
    database: &Path,
    config: &str,
    job: Option<&str>,
    limit: usize,
) -> Result<Vec<RunRecord>, Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = conn.prepare(NEWEST)?;
    let rows =
        statement.query_map((config, job, limit), |row| Ok((record(row)?, row.get::<_, String>(12)?)))?;
    let mut records = Vec::new();
    for row in rows {
        let (mut record, instance) = row?;
        if matches!(record.state, RunState::Running | RunState::Queued)
            && !owner::seen_alive(database, &instance)
        {
            record.state =
                if record.state == RunState::Running { RunState::Interrupted } else { RunState::Missed };
        }
        records.push(record);
    }
    Ok(records)
}

fn record(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let state: String = row.get(5)?;
    Ok(RunRecord {
        id: row.get(0)?,
        job: row.get(1)?,
        scheduled_ms: row.get(2)?,
        attempt: row.get(3)?,
        manual: row.get(4)?,
        state: RunState::ALL.into_iter().find(|known| known.as_str() == state).unwrap_or(RunState::Failed),
        missed: row.get::<_, i64>(6)?.max(0) as u64,
        started_ms: row.get(7)?,
        ended_ms: row.get(8)?,
        error: row.get(9)?,
        note: row.get(13)?,
        output: row.get(10)?,
        delivery_error: row.get(11)?,
    })
}
