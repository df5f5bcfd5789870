//! What goes out, until it is delivered.

use super::inbox::handled;
use crate::{
    domain::{
        id::SessionId,
        post::{Answered, Content, Handled, Parcel},
    },
    memory::{clock::now_ms, desk::Desk, error::Fault, view::View},
};
use serde_json::Value;

const PUT: &str =
    "INSERT INTO outbox (channel, conversation, text, question, files, inbox, state, instance, due_ms, at_ms)
    VALUES (?1, coalesce((SELECT new FROM moved_conversations WHERE channel = ?1 AND old = ?2), ?2),
        ?3, ?4, ?5, ?6, 'pending', '', ?7, ?7) ON CONFLICT (inbox) DO NOTHING";
// Of each conversation the oldest: messages arrive in order. One whose words are kept already can be asked
// for, so that the others need not wait until it was sent as well.
const DUE: &str = "SELECT o.id, o.conversation, o.text, o.tries, o.state, o.instance, o.question, o.files,
        i.message, i.state, CASE WHEN i.id IS NULL THEN NULL ELSE
            (SELECT session FROM conversations AS c WHERE c.channel = o.channel AND c.conversation = o.conversation)
        END,
        CASE WHEN i.id IS NOT NULL THEN i.callback ELSE
            (SELECT a.callback FROM inbox AS a WHERE a.channel = o.channel AND a.conversation = o.conversation
                AND a.state = 'answering' AND a.callback IS NOT NULL ORDER BY a.id DESC LIMIT 1)
        END, o.parts, o.doubtful
    FROM outbox AS o LEFT JOIN inbox AS i ON i.id = o.inbox
    WHERE o.channel = ?1 AND o.state IN ('pending', 'sending') AND o.due_ms <= ?2 AND NOT EXISTS
        (SELECT 1 FROM outbox AS p WHERE p.channel = o.channel AND p.conversation = o.conversation
            AND p.id < o.id AND p.state IN ('pending', 'sending') AND p.said IS NULL)
    ORDER BY o.id";
const SENDING: &str = "UPDATE outbox
    SET state = 'sending', instance = ?2, tries = tries + 1, doubtful = ?3 WHERE id = ?1";
// Whoever delivers one may die over it, which nobody writes down.
const NEXT: &str = "SELECT min(CASE state WHEN 'pending' THEN due_ms ELSE ?2 END) FROM outbox AS o
    WHERE channel = ?1 AND state IN ('pending', 'sending') AND NOT EXISTS
    (SELECT 1 FROM outbox AS p WHERE p.channel = o.channel AND p.conversation = o.conversation
        AND p.id < o.id AND p.state IN ('pending', 'sending') AND p.said IS NULL)";
/// When one that is being delivered is looked at again, in milliseconds.
const UNDER_WAY_MS: i64 = 30_000;
const PART: &str = "UPDATE outbox SET parts = ?2, doubtful = 0 WHERE id = ?1";
const DOUBT: &str = "UPDATE outbox SET doubtful = 1 WHERE id = ?1";
const SENT: &str = "UPDATE outbox SET state = 'sent', error = NULL WHERE id = ?1";
const SENT_AS: &str = "UPDATE outbox SET state = 'sent', error = NULL, said = ?2 WHERE id = ?1";
const SAID: &str = "UPDATE outbox SET said = ?2 WHERE id = ?1";
const AGAIN: &str = "UPDATE outbox SET state = 'pending', error = ?2, due_ms = ?3 WHERE id = ?1";
const FAILED: &str = "UPDATE outbox SET state = 'failed', error = ?2 WHERE id = ?1";
const PANICKED: &str = "UPDATE outbox SET panics = panics + 1, error = ?2, due_ms = ?3,
        state = CASE WHEN panics + 1 >= ?4 THEN 'failed' ELSE 'pending' END
    WHERE id = ?1 RETURNING state = 'failed'";
const RELEASE: &str = "UPDATE outbox SET state = 'pending', doubtful = 1 WHERE channel = ?1 AND state = 'sending' AND instance = ?2";
const FORGET: &str =
    "DELETE FROM outbox WHERE channel = ?1 AND at_ms < ?2 AND state NOT IN ('pending', 'sending')";

pub(in crate::memory) fn put(
    desk: &mut Desk<'_>,
    channel: &str,
    conversation: &str,
    content: &Content,
    inbox: Option<i64>,
) -> Result<(), Fault> {
    let Content { text, question, files } = content;
    let files = (!files.is_empty()).then(|| Value::from(files.clone()).to_string());
    desk.run(PUT, (channel, conversation, text, question, files, inbox, now_ms()))?;
    Ok(())
}

pub(super) fn due(desk: &mut Desk<'_>, channel: &str, most: usize) -> Result<Vec<Parcel>, Fault> {
    desk.owner.hold()?;
    let own = desk.owner.instance().to_owned();
    let rows = desk.rows(DUE, (channel, now_ms()), |row| {
        let tries: u32 = row.get(3)?;
        let parcel = Parcel {
            number: row.get(0)?,
            conversation: row.get(1)?,
            content: Content { text: row.get(2)?, question: row.get(6)?, files: files(row.get(7)?) },
            attempt: tries.saturating_add(1),
            answers: match row.get::<_, Option<String>>(8)? {
                None => None,
                Some(id) => Some(Answered {
                    id,
                    handled: handled(&row.get::<_, String>(9)?).unwrap_or(Handled::Done),
                    session: row.get::<_, Option<String>>(10)?.map(SessionId::from),
                }),
            },
            callback: row.get(11)?,
            parts: row.get(12)?,
            doubtful: row.get(13)?,
        };
        Ok((parcel, row.get::<_, String>(4)?, row.get::<_, String>(5)?))
    })?;
    let mut parcels = Vec::new();
    for (mut parcel, state, instance) in rows {
        // Somebody delivers it this moment, unless they died over it.
        if parcels.len() == most || (state == "sending" && desk.owner.alive(&instance)) {
            continue;
        }
        // Whoever died over it may have got so far as to send it.
        parcel.doubtful |= state == "sending";
        desk.run(SENDING, (parcel.number, &own, parcel.doubtful))?;
        parcels.push(parcel);
    }
    Ok(parcels)
}

fn files(json: Option<String>) -> Vec<String> {
    // Written by `put` alone.
    json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}

pub(super) fn next_due(view: &mut View<'_, '_>, channel: &str) -> Result<Option<u64>, Fault> {
    let due: Option<Option<i64>> = view.row(NEXT, (channel, now_ms() + UNDER_WAY_MS), |row| row.get(0))?;
    Ok(due.flatten().map(|due| u64::try_from(due - now_ms()).unwrap_or(0)))
}

pub(super) fn part(desk: &mut Desk<'_>, number: i64, parts: u32) -> Result<(), Fault> {
    desk.run(PART, (number, parts))?;
    Ok(())
}

pub(super) fn doubt(desk: &mut Desk<'_>, number: i64) -> Result<(), Fault> {
    desk.run(DOUBT, [number])?;
    Ok(())
}

pub(super) fn delivered(desk: &mut Desk<'_>, number: i64) -> Result<(), Fault> {
    desk.run(SENT, [number])?;
    Ok(())
}

pub(super) fn said(desk: &mut Desk<'_>, number: i64, text: &str, delivered: bool) -> Result<(), Fault> {
    desk.run(if delivered { SENT_AS } else { SAID }, (number, text))?;
    Ok(())
}

pub(super) fn put_off(
    desk: &mut Desk<'_>,
    number: i64,
    error: &str,
    again_ms: Option<u64>,
) -> Result<(), Fault> {
    match again_ms {
        Some(wait) => {
            let due = now_ms().saturating_add(i64::try_from(wait).unwrap_or(i64::MAX));
            desk.run(AGAIN, (number, error, due))?
        }
        None => desk.run(FAILED, (number, error))?,
    };
    Ok(())
}

pub(super) fn panicked(
    desk: &mut Desk<'_>,
    number: i64,
    error: &str,
    again_ms: u64,
    most: u32,
) -> Result<bool, Fault> {
    let due = now_ms().saturating_add(i64::try_from(again_ms).unwrap_or(i64::MAX));
    Ok(desk.row(PANICKED, (number, error, due, most), |row| row.get(0))?.unwrap_or(false))
}

pub(super) fn release(desk: &mut Desk<'_>, channel: &str) -> Result<(), Fault> {
    let own = desk.owner.instance().to_owned();
    desk.run(RELEASE, (channel, own))?;
    Ok(())
}

pub(super) fn forget(desk: &mut Desk<'_>, channel: &str, before: i64) -> Result<(), Fault> {
    desk.run(FORGET, (channel, before))?;
    Ok(())
}
