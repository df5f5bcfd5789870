//! Answers to questions: checked against who may decide, where, and until when; of several the first
//! counts, and a yes is used once.

use super::{columns, read};
use crate::{
    domain::question::{Decided, Question, QuestionState, Voter},
    memory::{clock::now_ms, desk::Desk, error::Fault},
};

const BY_ID: &str = concat!(columns!(), "WHERE id = ?1");
const ASKS: &str = "SELECT instance FROM approvals WHERE id = ?1 AND inbox IS NULL";
const DECIDE: &str = "UPDATE approvals SET state = ?2, decided_by = ?3, decided_ms = ?4
    WHERE id = ?1 AND state = 'open'";
const EXPIRE: &str = "UPDATE approvals SET state = 'expired' WHERE id = ?1 AND state = 'open'";
const WITHDRAW: &str = "UPDATE approvals SET state = 'withdrawn' WHERE id = ?1 AND state = 'open'";
const USE: &str = "UPDATE approvals SET used_ms = ?3
    WHERE id = ?1 AND state = 'yes' AND used_ms IS NULL AND print = ?2";

pub(super) fn decide(desk: &mut Desk<'_>, id: &str, voter: &Voter, yes: bool) -> Result<Decided, Fault> {
    let Some(question) = desk.row(BY_ID, [id], read)? else { return Ok(Decided::Unknown) };
    if let Voter::Person { channel, user, conversation } = voter {
        let theirs = question.people.iter().find(|p| p.channel == *channel && p.user == *user);
        let Some(asked) = theirs else { return Ok(Decided::NotTheirs) };
        if conversation.as_ref().is_some_and(|said| *said != asked.conversation) {
            return Ok(Decided::Elsewhere);
        }
    }
    let question = look(desk, question)?;
    if question.state != QuestionState::Open {
        return Ok(Decided::Over(question));
    }
    let state = if yes { QuestionState::Yes } else { QuestionState::No };
    let (now, by) = (now_ms(), voter.address());
    desk.run(DECIDE, (id, state.as_str(), &by, now))?;
    Ok(Decided::Counts(Question { state, decided_by: Some(by), decided_ms: Some(now), ..question }))
}

/// The same question, unless its time has come or the program that waited for the answer is gone.
fn look(desk: &mut Desk<'_>, question: Question) -> Result<Question, Fault> {
    if question.state != QuestionState::Open {
        return Ok(question);
    }
    if question.expires_ms <= now_ms() {
        desk.run(EXPIRE, [&question.id])?;
        return Ok(Question { state: QuestionState::Expired, ..question });
    }
    let asks: Option<String> = desk.row(ASKS, [&question.id], |row| row.get(0))?;
    if asks.is_some_and(|instance| !desk.owner.alive(&instance)) {
        withdraw(desk, &question.id)?;
        return Ok(Question { state: QuestionState::Withdrawn, ..question });
    }
    Ok(question)
}

pub(super) fn conclude(
    desk: &mut Desk<'_>,
    id: &str,
    print: &str,
) -> Result<(QuestionState, Option<String>), Fault> {
    let Some(question) = desk.row(BY_ID, [id], read)? else {
        return Ok((QuestionState::Withdrawn, None));
    };
    let question = look(desk, question)?;
    // Taken before the call runs: should the program die over it, it does not run again.
    let state = match question.state {
        QuestionState::Yes if desk.run(USE, (id, print, now_ms()))? == 0 => QuestionState::Withdrawn,
        state => state,
    };
    Ok((state, question.decided_by))
}

pub(super) fn withdraw(desk: &mut Desk<'_>, id: &str) -> Result<(), Fault> {
    desk.run(WITHDRAW, [id])?;
    Ok(())
}
