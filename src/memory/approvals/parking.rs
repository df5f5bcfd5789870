//! Turns that wait for an answer when their program ends: the next one takes them up.

use super::read;
use crate::{
    domain::{
        hook::TurnContext,
        id::{CallId, SessionId, TurnId},
        question::{Parked, Question, QuestionState},
        usage::Usage,
    },
    memory::{clock::now_ms, desk::Desk, error::Fault, recover},
};

const STANDING: &str = concat!(
    super::columns!(),
    "WHERE turn = ?1 AND inbox IS NOT NULL AND state <> 'withdrawn' AND used_ms IS NULL"
);
const RUNNING: &str = "SELECT instance FROM turns WHERE id = ?1 AND session = ?2 AND status = 'running'";
const LEFT: &str = "SELECT session, instance FROM turns WHERE id = ?1 AND status = 'running'";
const TAKE_TURN: &str = "UPDATE turns SET instance = ?2, pid = ?3 WHERE id = ?1 AND status = 'running'";
const TAKE_LETTER: &str = "UPDATE inbox SET instance = ?2 WHERE id = ?1";
const TAKE_QUESTIONS: &str = "UPDATE approvals SET instance = ?2 WHERE turn = ?1";
const WITHDRAW_ALL: &str = "UPDATE approvals SET state = 'withdrawn' WHERE turn = ?1 AND state = 'open'";

/// The question for whose answer a turn waits, if it can be taken up again when that is there. In the
/// order of the calls there is one at most: further calls are decided about after it.
pub(in crate::memory) fn parked(
    desk: &mut Desk<'_>,
    session: &SessionId,
    turn: &TurnId,
) -> Result<Option<Question>, Fault> {
    let standing = desk.rows(STANDING, [turn.as_str()], read)?;
    if standing.is_empty() {
        return Ok(None);
    }
    let open = recover::unanswered(desk, session, turn)?;
    let waits = |call: &CallId| standing.iter().find(|question| question.request.call.id == *call);
    Ok(open.iter().find_map(|call| waits(&call.id)).cloned())
}

/// Whether a turn waits for an answer that can still come.
pub(in crate::memory) fn waits(question: &Question) -> bool {
    question.state == QuestionState::Open && question.expires_ms > now_ms()
}

/// Takes over the message `letter` with its turn, which a dead program left waiting. Another turn that
/// it left is closed.
pub(in crate::memory) fn adopt(
    desk: &mut Desk<'_>,
    letter: i64,
    turn: &TurnId,
) -> Result<Option<TurnContext>, Fault> {
    let running =
        desk.row(LEFT, [turn.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let own = desk.owner.instance().to_owned();
    let session = match running {
        Some((session, owner)) if owner != own && !desk.owner.alive(&owner) => SessionId::from(session),
        _ => return Ok(None),
    };
    let Some(question) = parked(desk, &session, turn)? else {
        recover::close(desk, &session, turn)?;
        return Ok(None);
    };
    desk.run(TAKE_LETTER, (letter, &own))?;
    desk.run(TAKE_TURN, (turn.as_str(), &own, std::process::id()))?;
    desk.run(TAKE_QUESTIONS, (turn.as_str(), &own))?;
    Ok(Some(question.request.context))
}

/// What a turn that this program took over goes on with.
pub(in crate::memory) fn take_up(
    desk: &mut Desk<'_>,
    session: &SessionId,
    turn: &TurnId,
    usage: Usage,
) -> Result<Parked, Fault> {
    let owner: Option<String> = desk.row(RUNNING, (turn.as_str(), session.as_str()), |row| row.get(0))?;
    let own = desk.owner.instance().to_owned();
    let question = match owner {
        Some(owner) if owner == own => parked(desk, session, turn)?,
        _ => None,
    };
    let gone = || Fault::Text(format!("the turn {turn} does not wait for an answer"));
    let call = question.ok_or_else(gone)?.request.call.id;
    Ok(Parked { call, open: recover::unanswered(desk, session, turn)?, usage })
}

/// A turn ends: nobody waits for answers to its questions.
pub(in crate::memory) fn withdraw_all(desk: &mut Desk<'_>, turn: &TurnId) -> Result<(), Fault> {
    desk.run(WITHDRAW_ALL, [turn.as_str()])?;
    Ok(())
}
