//! Conversations: making, finding, naming, listing and removing them.

use super::{Memory, clock::now_ms, desk::Desk, error::Fault, turns, view::View};
use crate::domain::{
    id::SessionId,
    message::Message,
    store::{Session, StoreError},
};
use rusqlite::Row;

/// How many characters of the first message make a title.
pub const TITLE_CHARS: usize = 60;

/// The columns that [`read`] expects.
macro_rules! columns {
    () => {
        "SELECT id, name, channel, agent, title, created_ms, touched_ms,
            (SELECT count(*) FROM messages WHERE session = sessions.id) FROM sessions "
    };
}
pub(super) use columns;

const CREATE: &str = "INSERT INTO sessions (id, name, channel, agent, workspace, created_ms, touched_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";
const RENAME: &str = "UPDATE sessions SET name = ?2 WHERE id = ?1";
const NAMED: &str = "SELECT 1 FROM sessions WHERE name = ?1 AND id <> ?2";
const TOUCH: &str = "UPDATE sessions SET touched_ms = max(touched_ms, ?2),
    title = CASE title WHEN '' THEN ?3 ELSE title END WHERE id = ?1";
const BY_NAME: &str = concat!(columns!(), "WHERE name = ?1");
const BY_ID: &str = concat!(columns!(), "WHERE id = ?1");
const BY_PREFIX: &str = concat!(columns!(), "WHERE id >= ?1 AND id < ?1 || char(0x10ffff) LIMIT 1");
const COUNT_PREFIX: &str = "SELECT count(*) FROM sessions WHERE id >= ?1 AND id < ?1 || char(0x10ffff)";
const LATEST: &str = concat!(columns!(), "WHERE channel = ?1 ORDER BY touched_ms DESC, id DESC LIMIT 1");
const LIST_ON: &str = concat!(columns!(), "WHERE channel = ?1 ORDER BY touched_ms DESC, id DESC LIMIT ?2");
const LIST: &str = concat!(columns!(), "ORDER BY touched_ms DESC, id DESC LIMIT ?1");

/// A conversation to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSession {
    /// Its name, which must be free; sessions can do without.
    pub name: Option<String>,
    /// The channel that it begins on.
    pub channel: String,
    /// The agent that answers in it.
    pub agent: String,
    /// The workspace that it is about.
    pub workspace: String,
}

impl Memory {
    /// Makes a conversation. [`StoreError::NameTaken`] when another has the name.
    pub async fn create_session(&self, new: NewSession) -> Result<Session, StoreError> {
        self.write(move |desk| create(desk, new)).await
    }

    /// The conversation called `text`, else the one whose id begins with `text` (in any case).
    /// `NoSession` when none fits, `Ambiguous` when several do.
    pub async fn find_session(&self, text: &str) -> Result<Session, StoreError> {
        self.glance(|view| find(view, text.trim()))
    }

    /// The conversation that was touched last on a channel.
    pub async fn latest_session(&self, channel: &str) -> Result<Option<Session>, StoreError> {
        self.glance(|view| Ok(view.row(LATEST, [channel], read)?))
    }

    /// At most `limit` conversations, the one touched last first.
    pub async fn sessions(&self, limit: usize) -> Result<Vec<Session>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(move |conn| Ok(conn.prepare(LIST)?.query_map([limit], read)?.collect::<Result<_, _>>()?))
            .await
    }

    /// At most `limit` conversations of a channel, the one touched last first.
    pub async fn sessions_on(&self, channel: &str, limit: usize) -> Result<Vec<Session>, StoreError> {
        let (channel, limit) = (channel.to_owned(), i64::try_from(limit).unwrap_or(i64::MAX));
        self.read(move |conn| {
            Ok(conn.prepare(LIST_ON)?.query_map((channel, limit), read)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Names a conversation, or takes its name away. `NoSession`, or [`StoreError::NameTaken`].
    pub async fn rename(&self, session: &SessionId, name: Option<&str>) -> Result<(), StoreError> {
        let (session, name) = (session.clone(), given(name));
        self.write(move |desk| {
            check_free(desk, &session, name.as_deref())?;
            match desk.run(RENAME, (session.as_str(), name))? {
                0 => Err(StoreError::NoSession(session.to_string()).into()),
                _ => Ok(()),
            }
        })
        .await
    }

    /// Removes a conversation with all its messages. What it cost stays counted for its agent's
    /// day. `Busy` while a live program answers in it, `NoSession` when there is none.
    pub async fn remove_session(&self, session: &SessionId) -> Result<(), StoreError> {
        let session = session.clone();
        self.write(move |desk| remove(desk, &session)).await
    }
}

/// Marks a conversation as used, and gives it a title when it has none. `NoSession` when there is none.
pub(super) fn touch(
    desk: &mut Desk<'_>,
    session: &SessionId,
    now: i64,
    message: &Message,
) -> Result<(), Fault> {
    let title = match message {
        Message::User { text } => title(text),
        _ => String::new(),
    };
    match desk.run(TOUCH, (session.as_str(), now, title))? {
        0 => Err(StoreError::NoSession(session.to_string()).into()),
        _ => Ok(()),
    }
}

fn create(desk: &mut Desk<'_>, new: NewSession) -> Result<Session, Fault> {
    let id = SessionId::generate();
    let name = given(new.name.as_deref());
    check_free(desk, &id, name.as_deref())?;
    let now = now_ms();
    desk.run(CREATE, (id.as_str(), &name, &new.channel, &new.agent, &new.workspace, now))?;
    Ok(Session {
        id,
        name,
        channel: new.channel,
        agent: new.agent,
        title: String::new(),
        created_ms: now,
        touched_ms: now,
        messages: 0,
    })
}

fn check_free(desk: &mut Desk<'_>, session: &SessionId, name: Option<&str>) -> Result<(), Fault> {
    let Some(name) = name else { return Ok(()) };
    match desk.row(NAMED, (name, session.as_str()), |_| Ok(()))? {
        Some(()) => Err(StoreError::NameTaken(name.to_owned()).into()),
        None => Ok(()),
    }
}

pub(super) fn remove(desk: &mut Desk<'_>, session: &SessionId) -> Result<(), Fault> {
    turns::close_dead(desk, session)?;
    let id = [session.as_str()];
    desk.run("DELETE FROM messages WHERE session = ?1", id)?;
    desk.run("DELETE FROM summaries WHERE session = ?1", id)?;
    desk.run("DELETE FROM approvals WHERE turn IN (SELECT id FROM turns WHERE session = ?1)", id)?;
    desk.run("DELETE FROM turns WHERE session = ?1", id)?;
    desk.run("UPDATE usage SET session = NULL, turn = NULL WHERE session = ?1", id)?;
    match desk.run("DELETE FROM sessions WHERE id = ?1", id)? {
        0 => Err(StoreError::NoSession(session.to_string()).into()),
        _ => Ok(()),
    }
}

fn find(view: &mut View<'_, '_>, text: &str) -> Result<Session, Fault> {
    let none = || Fault::from(StoreError::NoSession(text.to_owned()));
    if text.is_empty() {
        return Err(none());
    }
    let id = text.to_ascii_lowercase();
    for (sql, key) in [(BY_NAME, text), (BY_ID, &id)] {
        if let Some(session) = view.row(sql, [key], read)? {
            return Ok(session);
        }
    }
    // Counted first: of a thousand that fit nothing else is to be known.
    let fitting: i64 = view.row(COUNT_PREFIX, [&id], |row| row.get(0))?.unwrap_or_default();
    match usize::try_from(fitting).unwrap_or_default() {
        0 | 1 => view.row(BY_PREFIX, [&id], read)?.ok_or_else(none),
        several => Err(StoreError::Ambiguous(text.to_owned(), several).into()),
    }
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: SessionId::from(row.get::<_, String>(0)?),
        name: row.get(1)?,
        channel: row.get(2)?,
        agent: row.get(3)?,
        title: row.get(4)?,
        created_ms: row.get(5)?,
        touched_ms: row.get(6)?,
        messages: row.get::<_, i64>(7)?.unsigned_abs(),
    })
}

/// A name as given; blank ones are none.
fn given(name: Option<&str>) -> Option<String> {
    name.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The first characters of a message, on one line.
fn title(text: &str) -> String {
    let mut title = String::new();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.flat_map(|word| std::iter::once(' ').chain(word.chars())).skip(1);
    for (count, c) in line.enumerate() {
        if count == TITLE_CHARS {
            title.push('…');
            break;
        }
        title.push(c);
    }
    title
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(title("  what\n\tis\u{7} here?\0 "), "what is here?");
        assert_eq!(title(" \n"), "");
        assert_eq!(title(&"é".repeat(60)), "é".repeat(60));
        assert_eq!(title(&"é ".repeat(60)), "é ".repeat(30) + "…");
    }
}
