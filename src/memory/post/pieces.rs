//! Parts of messages that a channel gathers: rows of the inbox that wait until they are handed in together.

use crate::{
    domain::post::{Arrival, Letter, Piece},
    memory::{clock::now_ms, desk::Desk, error::Fault, view::View},
};

const HOLD: &str = "INSERT INTO inbox (channel, message, conversation, user, text, state, instance, at_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, 'held', '', ?6) ON CONFLICT (channel, message) DO NOTHING";
const HELD: &str = "SELECT conversation, user, message, text FROM inbox
    WHERE channel = ?1 AND state = 'held' ORDER BY id";
const TAKE: &str = "UPDATE inbox SET state = 'new', text = ?3, conversation = ?4, instance = ?5
    WHERE channel = ?1 AND message = ?2 AND state = 'held' RETURNING id";
// The row stays: a part that comes again is known by it.
const JOIN: &str = "UPDATE inbox SET state = 'joined', text = ''
    WHERE channel = ?1 AND message = ?2 AND state = 'held'";

// Nothing was made of it: it may come again in other words.
const DISCARD: &str = "DELETE FROM inbox WHERE channel = ?1 AND message = ?2 AND state = 'held'";

pub(super) fn hold(desk: &mut Desk<'_>, piece: &Piece) -> Result<bool, Fault> {
    let Piece { channel, conversation, user, id, body } = piece;
    Ok(desk.run(HOLD, (channel, id, conversation, user, body, now_ms()))? > 0)
}

pub(super) fn held(view: &mut View<'_, '_>, channel: &str) -> Result<Vec<Piece>, Fault> {
    let held = view.rows(HELD, [channel], |row| {
        let channel = channel.to_owned();
        Ok(Piece {
            channel,
            conversation: row.get(0)?,
            user: row.get(1)?,
            id: row.get(2)?,
            body: row.get(3)?,
        })
    })?;
    Ok(held)
}

pub(super) fn take(
    desk: &mut Desk<'_>,
    arrival: Arrival,
    pieces: &[String],
) -> Result<Option<Letter>, Fault> {
    desk.owner.hold()?;
    let instance = desk.owner.instance().to_owned();
    let Arrival { channel, conversation, text, id, .. } = &arrival;
    let number = desk.row(TAKE, (channel, id, text, conversation, instance), |row| row.get(0))?;
    for piece in pieces {
        desk.run(JOIN, (channel, piece))?;
    }
    Ok(number.map(|number| Letter { number, arrival }))
}

pub(super) fn discard(desk: &mut Desk<'_>, channel: &str, pieces: &[String]) -> Result<(), Fault> {
    for piece in pieces {
        desk.run(DISCARD, (channel, piece))?;
    }
    Ok(())
}
