//! Closing runs whose program ended before they did.

use crate::{
    domain::cron::DeclaredJob,
    memory::{desk::Desk, error::Fault},
};

const CUT_OFF: &str = "the program ended before the run did";
const NOT_BEGUN: &str = "the program ended before it could begin";

const OPEN: &str = "SELECT id, job, slot_ms, state, instance, manual FROM cron_runs INDEXED BY cron_runs_open
    WHERE config = ?1 AND state IN ('queued', 'running')";
const CLOSE: &str = "UPDATE cron_runs SET state = ?2, error = ?3, ended_ms = ?4 WHERE id = ?1";
const REMOVE: &str = "DELETE FROM cron_runs WHERE id = ?1";
const AGAIN: &str = "UPDATE cron_jobs SET next_ms = min(next_ms, ?4)
    WHERE config = ?1 AND name = ?2 AND schedule = ?3";

/// Whose runs are closed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of programs that run no more.
    TheDead,
    /// Of this program as well: it ends.
    OursToo,
}

struct Open {
    id: i64,
    job: String,
    slot_ms: i64,
    running: bool,
    instance: String,
    manual: bool,
}

/// Closes open runs. The times of jobs that make up for what was cut off are due again.
pub(super) fn close(
    desk: &mut Desk<'_>,
    config: &str,
    jobs: &[DeclaredJob],
    now_ms: i64,
    whose: Whose,
) -> Result<(), Fault> {
    let open = desk.rows(OPEN, [config], |row| {
        Ok(Open {
            id: row.get(0)?,
            job: row.get(1)?,
            slot_ms: row.get(2)?,
            running: row.get::<_, String>(3)? == "running",
            instance: row.get(4)?,
            manual: row.get(5)?,
        })
    })?;
    let own = desk.owner.instance().to_owned();
    for run in open {
        let closes =
            if run.instance == own { whose == Whose::OursToo } else { !desk.owner.alive(&run.instance) };
        if !closes {
            continue;
        }
        let again = jobs.iter().find(|job| job.name == run.job && job.makes_up && !run.manual);
        match (run.running, again) {
            (true, _) => desk.run(CLOSE, (run.id, "interrupted", CUT_OFF, now_ms))?,
            // As if it had never been taken.
            (false, Some(_)) => desk.run(REMOVE, [run.id])?,
            (false, None) => desk.run(CLOSE, (run.id, "missed", NOT_BEGUN, now_ms))?,
        };
        if let Some(job) = again {
            desk.run(AGAIN, (config, &job.name, &job.schedule, run.slot_ms))?;
        }
    }
    Ok(())
}
