//! Conversations that are gone on with under one heading, each time from the beginning: the runs of a
//! job.

use super::{Memory, clock::now_ms, desk::Desk, error::Fault, turns};
use crate::domain::{id::SessionId, store::StoreError};

/// What the model reads in the place of what was said before.
const BEFORE: &str = "What was said in earlier runs of this job is not shown.";

const FORGET: &str = "DELETE FROM summaries WHERE session = ?1";
const BEGIN: &str = "INSERT INTO summaries (session, upto, text, at_ms)
    SELECT session, max(id), ?2, ?3 FROM messages WHERE session = ?1 GROUP BY session";

impl Memory {
    /// Has the model see nothing of what was said in a conversation so far. It stays stored, is listed
    /// and found. False while a turn in it runs or waits for somebody's answer.
    pub async fn begin_anew(&self, session: &SessionId) -> Result<bool, StoreError> {
        let session = session.clone();
        self.write(move |desk| begin_anew(desk, &session)).await
    }
}

fn begin_anew(desk: &mut Desk<'_>, session: &SessionId) -> Result<bool, Fault> {
    match turns::close_dead(desk, session) {
        Ok(()) => {}
        Err(fault) if fault.is_busy() => return Ok(false),
        Err(fault) => return Err(fault),
    }
    desk.run(FORGET, [session.as_str()])?;
    desk.run(BEGIN, (session.as_str(), BEFORE, now_ms()))?;
    Ok(true)
}
