//! What did not get through, for people who look after the program.

use crate::{
    domain::{
        queued::{QueuedIn, QueuedOut},
        store::StoreError,
    },
    memory::{Memory, clock::now_ms},
};
use rusqlite::Row;

const OUT: &str = "SELECT id, channel, conversation, text, state, tries, error, due_ms, at_ms FROM outbox
    WHERE state = 'failed' OR (?1 AND state IN ('pending', 'sending')) ORDER BY id";
const OUT_AGAIN: &str =
    "UPDATE outbox SET state = 'pending', tries = 0, panics = 0, error = NULL, due_ms = ?2
    WHERE id = ?1 AND state IN ('failed', 'pending')";
const OUT_DROPPED: &str =
    "UPDATE outbox SET state = 'dropped' WHERE id = ?1 AND state IN ('failed', 'pending')";
const IN: &str = "SELECT i.id, i.channel, i.conversation, i.user, i.text, i.state, o.text, i.at_ms
    FROM inbox AS i LEFT JOIN outbox AS o ON o.inbox = i.id
    WHERE i.state IN ('failed', 'interrupted') OR (?1 AND i.state IN ('new', 'answering')) ORDER BY i.id";
// Each message has one answer, so the next try is a message of its own.
const IN_AGAIN: &str = "INSERT INTO inbox
    (channel, message, conversation, user, text, state, instance, at_ms, callback)
    SELECT channel, message || '#retry-' || ?2, conversation, user, text, 'new', '', ?2, callback
    FROM inbox WHERE id = ?1 AND state IN ('failed', 'interrupted')";
const IN_DROPPED: &str =
    "UPDATE inbox SET state = 'done' WHERE id = ?1 AND state IN ('failed', 'interrupted')";

impl Memory {
    /// Messages that could not be delivered; with `all`, also those on their way.
    pub async fn outbox(&self, all: bool) -> Result<Vec<QueuedOut>, StoreError> {
        self.read(move |conn| Ok(conn.prepare(OUT)?.query_map([all], out)?.collect::<Result<_, _>>()?)).await
    }

    /// Has a message delivered again; false: there is none that waits or was set aside.
    pub async fn retry_out(&self, id: i64) -> Result<bool, StoreError> {
        self.write(move |desk| Ok(desk.run(OUT_AGAIN, (id, now_ms()))? > 0)).await
    }

    /// Gives a message up; false: there is none that waits or was set aside.
    pub async fn drop_out(&self, id: i64) -> Result<bool, StoreError> {
        self.write(move |desk| Ok(desk.run(OUT_DROPPED, [id])? > 0)).await
    }

    /// Messages that ended without an answer; with `all`, also those that are not answered yet.
    pub async fn inbox(&self, all: bool) -> Result<Vec<QueuedIn>, StoreError> {
        self.read(move |conn| Ok(conn.prepare(IN)?.query_map([all], incoming)?.collect::<Result<_, _>>()?))
            .await
    }

    /// Has a message answered again; false: there is none that ended without an answer.
    pub async fn retry_in(&self, id: i64) -> Result<bool, StoreError> {
        self.write(move |desk| {
            let again = desk.run(IN_AGAIN, (id, now_ms()))? > 0;
            desk.run(IN_DROPPED, [id])?;
            Ok(again)
        })
        .await
    }

    /// Forgets that a message was not answered; false: there is none that ended so.
    pub async fn drop_in(&self, id: i64) -> Result<bool, StoreError> {
        self.write(move |desk| Ok(desk.run(IN_DROPPED, [id])? > 0)).await
    }
}

fn out(row: &Row<'_>) -> rusqlite::Result<QueuedOut> {
    Ok(QueuedOut {
        id: row.get(0)?,
        channel: row.get(1)?,
        conversation: row.get(2)?,
        text: row.get(3)?,
        state: row.get(4)?,
        tries: row.get(5)?,
        error: row.get(6)?,
        due_ms: row.get(7)?,
        at_ms: row.get(8)?,
    })
}

fn incoming(row: &Row<'_>) -> rusqlite::Result<QueuedIn> {
    Ok(QueuedIn {
        id: row.get(0)?,
        channel: row.get(1)?,
        conversation: row.get(2)?,
        user: row.get(3)?,
        text: row.get(4)?,
        state: row.get(5)?,
        told: row.get(6)?,
        at_ms: row.get(7)?,
    })
}
