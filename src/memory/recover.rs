//! Closing turns whose program died in the middle of them.

use super::{Memory, approvals, codec, desk::Desk, error::Fault, turns};
use crate::domain::{
    call::{INTERRUPTED, ToolCall, ToolResult, ToolStatus},
    id::{SessionId, TurnId},
    message::Message,
    store::{StoreError, TurnStatus},
};
use std::collections::HashSet;

/// What the model reads behind a turn that was under way.
const INTERRUPTED_TURN: &str =
    "The program ended before this turn was answered; the turn was interrupted here.";

const ANY_FOREIGN: &str = "SELECT EXISTS
    (SELECT 1 FROM turns INDEXED BY turns_running WHERE status = 'running' AND instance <> ?1)";
const ALL_RUNNING: &str =
    "SELECT session, id, instance FROM turns INDEXED BY turns_running WHERE status = 'running'";
const CALLS: &str = "SELECT tool_calls FROM messages
    WHERE session = ?1 AND turn = ?2 AND tool_calls IS NOT NULL ORDER BY id";
const RESULTS: &str = "SELECT tool_call_id FROM messages
    WHERE session = ?1 AND turn = ?2 AND tool_call_id IS NOT NULL";

impl Memory {
    /// Closes every turn whose program is dead and that does not wait for somebody's answer to a
    /// question, and says which: each call without a result gets one
    /// that says so ([`ToolStatus::Interrupted`]), a notice ends the turn, and the turn is marked.
    /// Each turn is closed once, also when several programs recover at the same time. One quick
    /// look when there is nothing to do. Worth calling when a program starts; a turn that
    /// begins does the same for its own session.
    pub async fn recover(&self) -> Result<Vec<(SessionId, TurnId)>, StoreError> {
        let own = self.instance().to_owned();
        if !self.read(move |conn| Ok(conn.query_row(ANY_FOREIGN, [own], |row| row.get(0))?)).await? {
            return Ok(Vec::new());
        }
        self.write(all).await
    }
}

fn all(desk: &mut Desk<'_>) -> Result<Vec<(SessionId, TurnId)>, Fault> {
    let running = desk.rows(ALL_RUNNING, [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    let mut closed = Vec::new();
    for (session, turn, instance) in running {
        if !desk.owner.alive(&instance) {
            let (session, turn) = (SessionId::from(session), TurnId::from(turn));
            if approvals::parked(desk, &session, &turn)?.is_some() {
                continue;
            }
            close(desk, &session, &turn)?;
            closed.push((session, turn));
        }
    }
    Ok(closed)
}

/// Closes one turn. For use in the transaction that found it running and its program dead.
pub(super) fn close(desk: &mut Desk<'_>, session: &SessionId, turn: &TurnId) -> Result<(), Fault> {
    for call in unanswered(desk, session, turn)? {
        let result = ToolResult::new(&call, ToolStatus::Interrupted, INTERRUPTED);
        turns::append(desk, session, turn, Message::Tool(result))?;
    }
    turns::append(desk, session, turn, Message::Notice { text: INTERRUPTED_TURN.into() })?;
    turns::end(desk, turn, TurnStatus::Interrupted)
}

/// The calls of a turn that have no result, in their order.
pub(super) fn unanswered(
    desk: &mut Desk<'_>,
    session: &SessionId,
    turn: &TurnId,
) -> Result<Vec<ToolCall>, Fault> {
    let place = (session.as_str(), turn.as_str());
    let answered: HashSet<String> = desk.rows(RESULTS, place, |row| row.get(0))?.into_iter().collect();
    let calls = desk.rows(CALLS, place, |row| codec::calls(row, 0))?;
    Ok(calls.into_iter().flatten().filter(|call| !answered.contains(call.id.as_str())).collect())
}
