//! Keeping the search index up to date.
//!
//! Adding one message to the index costs several times what storing it does, and adding many at
//! once hardly more. So messages are stored alone, and indexed together: in a lull of the
//! writer, or when someone searches. A program that dies in between leaves that to the next.

use super::{Memory, desk::Desk, error::Fault};
use crate::domain::store::StoreError;
use rusqlite::Connection;

/// How many messages are indexed in one transaction: what has to wait for that waits for some
/// milliseconds at most.
const INDEX_STEP: i64 = 64;

const BEHIND: &str = "SELECT coalesce(max(id), 0) > (SELECT upto FROM messages_indexed) FROM messages";
const LAST_OF_STEP: &str = "SELECT max(id), count(*) FROM
    (SELECT id FROM messages WHERE id > (SELECT upto FROM messages_indexed) ORDER BY id LIMIT ?1)";
const ADD: &str = "INSERT INTO messages_fts (rowid, content) SELECT id, content FROM messages
    WHERE id > (SELECT upto FROM messages_indexed) AND id <= ?1 ORDER BY id";
const MARK: &str = "UPDATE messages_indexed SET upto = ?1";

impl Memory {
    /// Indexes whatever is not.
    pub(super) async fn index(&self) -> Result<(), StoreError> {
        while self.read(behind).await? {
            self.write(step).await?;
        }
        Ok(())
    }
}

/// Indexes some messages; leaves in `desk.behind` whether there may be more.
pub(super) fn step(desk: &mut Desk<'_>) -> Result<(), Fault> {
    desk.behind = false;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, i64>(1)?));
    if let Some((Some(last), count)) = desk.row(LAST_OF_STEP, [INDEX_STEP], read)? {
        desk.run(ADD, [last])?;
        desk.run(MARK, [last])?;
        desk.behind = count == INDEX_STEP;
    }
    Ok(())
}

fn behind(conn: &Connection) -> Result<bool, Fault> {
    Ok(conn.query_row(BEHIND, [], |row| row.get(0))?)
}
