//! Conversations that are given another id by their platform.

use crate::memory::{desk::Desk, error::Fault};

const MOVE: &str = "INSERT INTO moved_conversations (channel, old, new) VALUES (?1, ?2, ?3)
    ON CONFLICT (channel, old) DO UPDATE SET new = excluded.new";
// What moved before moves on.
const MOVE_ON: &str = "UPDATE moved_conversations SET new = ?3 WHERE channel = ?1 AND new = ?2";
const BACK: &str = "DELETE FROM moved_conversations WHERE channel = ?1 AND old = new";
// A conversation that began under the new name meanwhile is the one that goes on.
const SESSION: &str = "UPDATE OR IGNORE conversations SET conversation = ?3
    WHERE channel = ?1 AND conversation = ?2";
const REST: &str = "DELETE FROM conversations WHERE channel = ?1 AND conversation = ?2";
const INBOX: &str = "UPDATE inbox SET conversation = ?3 WHERE channel = ?1 AND conversation = ?2";
const OUTBOX: &str = "UPDATE outbox SET conversation = ?3 WHERE channel = ?1 AND conversation = ?2";
const QUESTIONS: &str = "UPDATE approval_people SET conversation = ?3
    WHERE channel = ?1 AND conversation = ?2";

pub(super) fn rename(desk: &mut Desk<'_>, channel: &str, from: &str, to: &str) -> Result<(), Fault> {
    if from == to {
        return Ok(());
    }
    for statement in [MOVE_ON, MOVE, SESSION, INBOX, OUTBOX, QUESTIONS] {
        desk.run(statement, (channel, from, to))?;
    }
    desk.run(REST, (channel, from))?;
    desk.run(BACK, [channel])?;
    Ok(())
}
