//! Reading a conversation: whole, or as the model shall see it.

use super::{Memory, codec, error::Fault, history, view::View};
use crate::domain::{
    id::{SessionId, TurnId},
    message::Message,
    store::{StoreError, StoredMessage},
};
use rusqlite::{Connection, OptionalExtension};

const SUMMARY: &str = "SELECT s.upto, s.text, s.at_ms, coalesce(m.turn, '')
    FROM summaries s LEFT JOIN messages m ON m.id = s.upto
    WHERE s.session = ?1 ORDER BY s.id DESC LIMIT 1";
const MESSAGES: &str =
    concat!("SELECT ", codec::columns!(), " FROM messages WHERE session = ?1 AND id > ?2 ORDER BY id");
const LAST: &str =
    concat!("SELECT ", codec::columns!(), " FROM messages WHERE session = ?1 ORDER BY id DESC LIMIT ?2");
const EXISTS: &str = "SELECT 1 FROM sessions WHERE id = ?1";

impl Memory {
    /// All messages of a conversation as they were stored, oldest first. `NoSession` when there is none.
    pub async fn messages(&self, session: &SessionId) -> Result<Vec<StoredMessage>, StoreError> {
        let session = session.clone();
        self.read(move |conn| stored(conn, &session, i64::MIN)).await
    }

    /// The last `limit` of them, oldest first. `NoSession` when there is no such conversation.
    pub async fn last_messages(
        &self,
        session: &SessionId,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let session = session.clone();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(move |conn| {
            let mut statement = conn.prepare(LAST)?;
            let rows = statement.query_map((session.as_str(), limit), codec::read)?;
            let mut messages = rows.collect::<Result<Vec<_>, _>>()?;
            if messages.is_empty() && !exists(conn, &session)? {
                return Err(StoreError::NoSession(session.to_string()).into());
            }
            messages.reverse();
            Ok(messages)
        })
        .await
    }
}

/// What the model shall see of a conversation.
pub(super) fn read(view: &mut View<'_, '_>, session: &SessionId) -> Result<Vec<StoredMessage>, Fault> {
    let summary = view.row(SUMMARY, [session.as_str()], |row| {
        Ok(StoredMessage {
            id: row.get(0)?,
            message: Message::Notice { text: row.get(1)? },
            at_ms: row.get(2)?,
            turn: TurnId::from(row.get::<_, String>(3)?),
        })
    })?;
    let after = summary.as_ref().map_or(i64::MIN, |summary| summary.id);
    let mut messages = view.rows(MESSAGES, (session.as_str(), after), codec::read)?;
    if messages.is_empty() && view.row(EXISTS, [session.as_str()], |_| Ok(()))?.is_none() {
        return Err(StoreError::NoSession(session.to_string()).into());
    }
    if let Some(summary) = summary {
        messages.insert(0, summary);
    }
    Ok(history::in_order(messages))
}

fn stored(conn: &Connection, session: &SessionId, after: i64) -> Result<Vec<StoredMessage>, Fault> {
    let mut statement = conn.prepare(MESSAGES)?;
    let rows = statement.query_map((session.as_str(), after), codec::read)?;
    let messages = rows.collect::<Result<Vec<_>, _>>()?;
    if messages.is_empty() && !exists(conn, session)? {
        return Err(StoreError::NoSession(session.to_string()).into());
    }
    Ok(messages)
}

fn exists(conn: &Connection, session: &SessionId) -> rusqlite::Result<bool> {
    Ok(conn.query_row(EXISTS, [session.as_str()], |_| Ok(())).optional()?.is_some())
}
