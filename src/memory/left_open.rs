//! What a conversation's last turn left undone, and who is at work on it.

use super::{Memory, owner};
use crate::domain::{id::SessionId, store::StoreError};

const LAST_TURN: &str = "SELECT id FROM turns WHERE session = ?1 AND status NOT IN ('done', 'running')
    AND NOT EXISTS (SELECT 1 FROM turns later WHERE later.session = ?1
        AND (later.started_ms, later.id) > (turns.started_ms, turns.id))";
const SAID: &str = "SELECT content FROM messages WHERE turn = ?1 AND role = 'user' ORDER BY id";
const RUNNING: &str = "SELECT instance, pid FROM turns WHERE session = ?1 AND status = 'running'";

impl Memory {
    /// What the person said in the last turn of a conversation, where that ended without an answer.
    pub async fn left_unanswered(&self, session: &SessionId) -> Result<Option<String>, StoreError> {
        let session = session.clone();
        self.read(move |conn| {
            let turns = conn
                .prepare(LAST_TURN)?
                .query_map([session.as_str()], |row| row.get::<_, String>(0))?
                .collect::<Result<Vec<_>, _>>()?;
            let Some(turn) = turns.first() else { return Ok(None) };
            let said = conn
                .prepare(SAID)?
                .query_map([turn], |row| row.get::<_, String>(0))?
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Some(said.join("\n\n")).filter(|text| !text.is_empty()))
        })
        .await
    }

    /// The process of a running program that has a turn under way in a conversation, if one has.
    pub async fn answering(&self, session: &SessionId) -> Result<Option<u32>, StoreError> {
        let (session, database) = (session.clone(), self.path().to_owned());
        self.read(move |conn| {
            let running = conn
                .prepare(RUNNING)?
                .query_map([session.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?
                .collect::<Result<Vec<_>, _>>()?;
            Ok(running
                .into_iter()
                .find(|(instance, _)| owner::seen_alive(&database, instance))
                .map(|(_, pid)| pid))
        })
        .await
    }
}
