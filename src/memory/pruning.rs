//! Removing conversations that nobody has spoken in for a long time.

use super::{Memory, desk::Desk, error::Fault, sessions, turns};
use crate::domain::{
    id::SessionId,
    store::{Session, StoreError},
};

/// Messages that are removed in one transaction: what has to wait for that waits for some milliseconds.
pub const PRUNE_STEP: usize = 500;

const NEXT: &str = "SELECT id, touched_ms FROM sessions
    WHERE touched_ms < ?1 AND (?2 OR name IS NULL) AND (touched_ms, id) > (?3, ?4)
    ORDER BY touched_ms, id LIMIT 1";
const SOME: &str = "DELETE FROM messages WHERE id IN
    (SELECT id FROM messages WHERE session = ?1 ORDER BY id LIMIT ?2)";
const FORGET_PLACE: &str = "DELETE FROM conversations WHERE session = ?1";
const STALE: &str = concat!(
    sessions::columns!(),
    "WHERE touched_ms < ?1 AND (?2 OR name IS NULL) ORDER BY touched_ms, id LIMIT ?3"
);
const COUNT: &str =
    "SELECT count(*), coalesce(sum((SELECT count(*) FROM messages WHERE session = sessions.id)), 0)
    FROM sessions WHERE touched_ms < ?1 AND (?2 OR name IS NULL)";
const NAMED: &str = "SELECT count(*) FROM sessions WHERE touched_ms < ?1 AND name IS NOT NULL";

/// Which conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale {
    /// Last touched before this, in milliseconds since 1970.
    pub before_ms: i64,
    /// Also those that somebody has given a name.
    pub named: bool,
}

/// What there is to remove, or was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Pruned {
    /// Conversations.
    pub sessions: u64,
    /// Messages in them.
    pub messages: u64,
    /// Conversations that stay because a turn in them runs, or waits for somebody's answer.
    pub busy: u64,
    /// Conversations that stay because they have a name.
    pub named: u64,
}

/// How far a removal has come: behind the conversation that was looked at last.
#[derive(Default)]
struct Progress {
    done: Pruned,
    after: (i64, String),
    /// There is no further one.
    over: bool,
}

impl Memory {
    /// Counts what [`prune`](Self::prune) would remove.
    pub async fn stale(&self, stale: Stale) -> Result<Pruned, StoreError> {
        self.read(move |conn| {
            let (sessions, messages): (i64, i64) =
                conn.query_row(COUNT, (stale.before_ms, stale.named), |row| Ok((row.get(0)?, row.get(1)?)))?;
            let named: i64 = conn.query_row(NAMED, [stale.before_ms], |row| row.get(0))?;
            let named = if stale.named { 0 } else { named.unsigned_abs() };
            Ok(Pruned {
                sessions: sessions.unsigned_abs(),
                messages: messages.unsigned_abs(),
                busy: 0,
                named,
            })
        })
        .await
    }

    /// At most `limit` of the conversations that [`prune`](Self::prune) would remove, the oldest first.
    pub async fn stale_sessions(&self, stale: Stale, limit: usize) -> Result<Vec<Session>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(move |conn| {
            let params = (stale.before_ms, stale.named, limit);
            Ok(conn.prepare(STALE)?.query_map(params, sessions::read)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Removes conversations with all their messages, in small steps between which others can write.
    /// Dropping the future stops it between two of them.
    pub async fn prune(&self, stale: Stale) -> Result<Pruned, StoreError> {
        let named = self.stale(stale).await?.named;
        let mut progress = Progress::default();
        while !progress.over {
            progress = self.write(move |desk| step(desk, stale, progress)).await?;
        }
        Ok(Pruned { named, ..progress.done })
    }
}

fn step(desk: &mut Desk<'_>, stale: Stale, mut progress: Progress) -> Result<Progress, Fault> {
    let mut room = PRUNE_STEP;
    while room > 0 {
        let (after_ms, after) = &progress.after;
        let next = desk.row(NEXT, (stale.before_ms, stale.named, after_ms, after), |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, String>(0)?))
        })?;
        let Some(next) = next else {
            progress.over = true;
            break;
        };
        let session = SessionId::from(next.1.clone());
        if let Err(fault) = turns::close_dead(desk, &session) {
            if !fault.is_busy() {
                return Err(fault);
            }
            progress.done.busy += 1;
            progress.after = next;
            continue;
        }
        let removed = desk.run(SOME, (session.as_str(), i64::try_from(room).unwrap_or(i64::MAX)))?;
        progress.done.messages += removed as u64;
        if removed == room {
            // There may be more of it.
            break;
        }
        desk.run(FORGET_PLACE, [session.as_str()])?;
        sessions::remove(desk, &session)?;
        progress.done.sessions += 1;
        progress.after = next;
        room = room.saturating_sub(removed.max(1));
    }
    Ok(progress)
}
