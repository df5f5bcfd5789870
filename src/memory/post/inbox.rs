//! What came in, until it is answered.

use super::{POST_DAYS, outbox};
use crate::{
    domain::{
        id::TurnId,
        post::{Arrival, Handled, Letter},
        question::{Estate, Inherited},
    },
    memory::{approvals, clock::now_ms, desk::Desk, error::Fault},
};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

const TAKE: &str =
    "INSERT INTO inbox (channel, message, conversation, user, text, state, instance, at_ms, callback)
    VALUES (?1, ?2, ?3, ?4, ?5, 'new', ?6, ?7, ?8) ON CONFLICT (channel, message) DO NOTHING RETURNING id";
// The same turn may begin again, after something that follows has failed.
const BEGIN: &str = "UPDATE inbox SET state = 'answering', turn = ?2
    WHERE id = ?1 AND (state = 'new' OR (state = 'answering' AND turn = ?2))";
const CLOSE: &str = "UPDATE inbox SET state = ?2 WHERE id = ?1 AND state IN ('new', 'answering')
    RETURNING channel, conversation";
const OPEN: &str =
    "SELECT id, instance, state, channel, conversation, user, text, message, turn, callback FROM inbox
    WHERE channel = ?1 AND state IN ('new', 'answering') ORDER BY id";
const ADOPT: &str = "UPDATE inbox SET instance = ?2 WHERE id = ?1";
const UNANSWERED: &str = "SELECT old.id, old.text FROM inbox AS old JOIN inbox AS new
    ON new.channel = old.channel AND new.conversation = old.conversation
    WHERE new.id = ?1 AND old.state IN ('failed', 'interrupted') ORDER BY old.id DESC LIMIT 1";
const SPEAK: &str = "UPDATE inbox SET text = ?2 WHERE id = ?1";
const TAKEN_UP: &str = "UPDATE inbox SET state = 'done' WHERE id = ?1";
const FORGET: &str =
    "DELETE FROM inbox WHERE channel = ?1 AND at_ms < ?2 AND state NOT IN ('new', 'answering', 'held')";

pub(super) fn take(desk: &mut Desk<'_>, arrival: Arrival) -> Result<Option<Letter>, Fault> {
    desk.owner.hold()?;
    let instance = desk.owner.instance().to_owned();
    let Arrival { channel, conversation, user, text, id, callback } = &arrival;
    let number =
        desk.row(TAKE, (channel, id, conversation, user, text, instance, now_ms(), callback), |row| {
            row.get(0)
        })?;
    Ok(number.map(|number| Letter { number, arrival }))
}

/// How a message in this state ended; `None`: it did not yet.
pub(super) fn handled(state: &str) -> Option<Handled> {
    match state {
        "done" => Some(Handled::Done),
        "failed" => Some(Handled::Failed),
        "interrupted" => Some(Handled::Interrupted),
        _ => None,
    }
}

pub(super) fn begin(desk: &mut Desk<'_>, number: i64, turn: Option<&TurnId>) -> Result<bool, Fault> {
    Ok(desk.run(BEGIN, (number, turn.map(TurnId::as_str)))? > 0)
}

pub(super) fn close(
    desk: &mut Desk<'_>,
    number: i64,
    handled: Handled,
    answer: Option<&str>,
) -> Result<(), Fault> {
    let state = match handled {
        Handled::Done => "done",
        Handled::Failed => "failed",
        Handled::Interrupted => "interrupted",
    };
    let place =
        desk.row(CLOSE, (number, state), |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    match (place, answer) {
        (Some((channel, conversation)), Some(text)) => {
            outbox::put(desk, &channel, &conversation, &text.into(), Some(number))
        }
        _ => Ok(()),
    }
}

pub(super) fn adopt(desk: &mut Desk<'_>, channel: &str, notice: &str) -> Result<Estate, Fault> {
    desk.owner.hold()?;
    desk.run(FORGET, (channel, now_ms() - POST_DAYS * DAY_MS))?;
    outbox::forget(desk, channel, now_ms() - POST_DAYS * DAY_MS)?;
    approvals::forget(desk)?;
    let own = desk.owner.instance().to_owned();
    let open = desk.rows(OPEN, [channel], |row| {
        let arrival = Arrival {
            channel: row.get(3)?,
            conversation: row.get(4)?,
            user: row.get(5)?,
            text: row.get(6)?,
            id: row.get(7)?,
            callback: row.get(9)?,
        };
        let letter = Letter { number: row.get(0)?, arrival };
        let turn: Option<String> = row.get(8)?;
        Ok((letter, row.get::<_, String>(1)?, row.get::<_, String>(2)?, turn.map(TurnId::from)))
    })?;
    let (mut left, mut others) = (Vec::new(), false);
    for (letter, instance, state, turn) in open {
        if instance == own {
            continue;
        }
        if desk.owner.alive(&instance) {
            others = true;
            continue;
        }
        if state == "new" {
            desk.run(ADOPT, (letter.number, &own))?;
            left.push(Inherited { letter, parked: None });
            continue;
        }
        let parked = match turn {
            Some(turn) => approvals::adopt(desk, letter.number, &turn)?,
            None => None,
        };
        if parked.is_some() {
            left.push(Inherited { letter, parked });
        } else {
            close(desk, letter.number, Handled::Interrupted, Some(notice))?;
        }
    }
    Ok(Estate { left, others })
}

pub(super) fn retry(desk: &mut Desk<'_>, number: i64) -> Result<Option<String>, Fault> {
    let found =
        desk.row(UNANSWERED, [number], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    let Some((unanswered, text)) = found else { return Ok(None) };
    desk.run(TAKEN_UP, [unanswered])?;
    desk.run(SPEAK, (number, &text))?;
    Ok(Some(text))
}
