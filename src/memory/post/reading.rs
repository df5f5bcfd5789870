//! What became of messages, for those who ask.

use super::inbox::handled;
use crate::{
    domain::{
        id::SessionId,
        post::{Arrival, Fate, Note, Stage},
    },
    memory::{error::Fault, view::View},
};
use rusqlite::Connection;

const FATE: &str =
    "SELECT i.conversation, i.user, i.text, i.callback, i.state, o.id, o.said, o.error, c.session
    FROM inbox AS i LEFT JOIN outbox AS o ON o.inbox = i.id
    LEFT JOIN conversations AS c ON c.channel = i.channel AND c.conversation = i.conversation
    WHERE i.channel = ?1 AND i.message = ?2";
const NOTES: &str = "SELECT id, coalesce(said, text), question FROM outbox
    WHERE channel = ?1 AND conversation = ?2 AND inbox IS NULL AND state = 'sent' AND id > ?3 ORDER BY id LIMIT ?4";

pub(super) fn fate(view: &mut View<'_, '_>, channel: &str, id: &str) -> Result<Option<Fate>, Fault> {
    let fate = view.row(FATE, (channel, id), |row| {
        let state: String = row.get(4)?;
        let (answer, said): (Option<i64>, Option<String>) = (row.get(5)?, row.get(6)?);
        let stage = match handled(&state) {
            // An answer that has not left yet may still be changed by a hook.
            Some(handled) if answer.is_none() || said.is_some() => Stage::Ended(handled),
            _ => Stage::Open,
        };
        let arrival = Arrival {
            channel: channel.to_owned(),
            conversation: row.get(0)?,
            user: row.get(1)?,
            text: row.get(2)?,
            id: id.to_owned(),
            callback: row.get(3)?,
        };
        let session: Option<String> = row.get(8)?;
        let session = session.map(SessionId::from);
        Ok(Fate { arrival, stage, session, reply: said, undelivered: row.get(7)? })
    })?;
    Ok(fate)
}

pub(super) fn notes(
    conn: &Connection,
    channel: &str,
    conversation: &str,
    after: i64,
    most: usize,
) -> Result<Vec<Note>, Fault> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut statement = conn.prepare(NOTES)?;
    let notes = statement.query_map((channel, conversation, after, most), |row| {
        Ok(Note { number: row.get(0)?, text: row.get(1)?, question: row.get(2)? })
    })?;
    Ok(notes.collect::<Result<_, _>>()?)
}
