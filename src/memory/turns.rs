//! The life of a turn: the port through which the agent writes.

use super::{
    Memory, approvals, clock::now_ms, codec::Record, context, desk::Desk, error::Fault, recover, sessions,
    spending,
};
use crate::domain::{
    BoxFuture,
    envelope::Origin,
    hook::TurnContext,
    id::{SessionId, TurnId},
    message::Message,
    question::Parked,
    store::{StoreError, StoredMessage, TurnStatus, TurnStore},
    text::clean,
    usage::Usage,
};
use std::future::ready;

const RUNNING: &str = "SELECT id, instance, pid FROM turns WHERE session = ?1 AND status = 'running'";
const BEGIN: &str = "INSERT INTO turns (id, session, status, channel, user, instance, pid, started_ms)
    VALUES (?1, ?2, 'running', ?3, ?4, ?5, ?6, ?7)";
const APPEND: &str = "INSERT INTO messages
    (session, turn, role, content, tool_calls, tool_call_id, meta, created_ms)
    SELECT session, id, ?3, ?4, ?5, ?6, ?7, ?8 FROM turns WHERE id = ?2 AND session = ?1";
const END: &str = "UPDATE turns SET status = ?2, ended_ms = ?3 WHERE id = ?1 AND status = 'running'
    RETURNING session";
const SUMMARISE: &str = "INSERT INTO summaries (session, upto, text, at_ms)
    SELECT id, ?2, ?3, ?4 FROM sessions WHERE id = ?1";

impl TurnStore for Memory {
    fn begin_turn<'a>(
        &'a self,
        session: &'a SessionId,
        turn: &'a TurnId,
        origin: &'a Origin,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (session, turn) = (session.clone(), turn.clone());
        let (origin, message) = (origin.clone(), message.clone());
        self.write(move |desk| begin(desk, &session, &turn, &origin, message))
    }

    fn append(
        &self,
        session: &SessionId,
        turn: &TurnId,
        message: Message,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        let (session, turn) = (session.clone(), turn.clone());
        match record(message) {
            Ok(record) => self.keep_one(move |desk| insert(desk, &session, &turn, &record)),
            Err(fault) => Box::pin(ready(Err(self.0.site.error(fault)))),
        }
    }

    fn spend(
        &self,
        session: &SessionId,
        turn: &TurnId,
        agent: &str,
        model: &str,
        usage: Usage,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        let (session, turn) = (session.clone(), turn.clone());
        let (agent, model) = (agent.to_owned(), model.to_owned());
        self.keep_one(move |desk| spending::spend(desk, &session, &turn, &agent, &model, usage))
    }

    fn spend_for(
        &self,
        context: &TurnContext,
        model: &str,
        usage: Usage,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        let (context, model) = (context.clone(), model.to_owned());
        self.keep_one(move |desk| spending::apart(desk, &context, &model, usage))
    }

    fn spent_today<'a>(&'a self, agent: &'a str) -> BoxFuture<'a, Result<f64, StoreError>> {
        let agent = agent.to_owned();
        Box::pin(self.read(move |conn| spending::spent_today(conn, &agent)))
    }

    fn caught_up(&self) -> BoxFuture<'static, ()> {
        self.0.writer.caught_up()
    }

    fn end_turn<'a>(&'a self, turn: &'a TurnId, status: TurnStatus) -> BoxFuture<'a, Result<(), StoreError>> {
        let turn = turn.clone();
        self.keep(move |desk| end(desk, &turn, status))
    }

    fn take_up<'a>(
        &'a self,
        session: &'a SessionId,
        turn: &'a TurnId,
    ) -> BoxFuture<'a, Result<Parked, StoreError>> {
        let (session, turn) = (session.clone(), turn.clone());
        self.write(move |desk| {
            let usage = spending::of_turn(desk, &turn)?;
            approvals::take_up(desk, &session, &turn, usage)
        })
    }

    fn abandon<'a>(
        &'a self,
        session: &'a SessionId,
        turn: &'a TurnId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (session, turn) = (session.clone(), turn.clone());
        self.keep(move |desk| recover::close(desk, &session, &turn))
    }

    fn context<'a>(
        &'a self,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<Vec<StoredMessage>, StoreError>> {
        let session = session.clone();
        self.look(move |view| context::read(view, &session))
    }

    fn summarise<'a>(
        &'a self,
        session: &'a SessionId,
        upto: i64,
        text: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (session, text) = (session.clone(), clean(text.to_owned()));
        self.write(move |desk| match desk.run(SUMMARISE, (session.as_str(), upto, &text, now_ms()))? {
            0 => Err(StoreError::NoSession(session.to_string()).into()),
            _ => Ok(()),
        })
    }
}

fn begin(
    desk: &mut Desk<'_>,
    session: &SessionId,
    turn: &TurnId,
    origin: &Origin,
    message: Message,
) -> Result<(), Fault> {
    let now = now_ms();
    sessions::touch(desk, session, now, &message)?;
    desk.owner.hold()?;
    close_dead(desk, session)?;
    let instance = desk.owner.instance().to_owned();
    desk.run(
        BEGIN,
        (turn.as_str(), session.as_str(), &origin.channel, &origin.user, instance, std::process::id(), now),
    )?;
    append(desk, session, turn, message)
}

/// Closes what dead programs left open in a session; `Busy` when a live one answers in it.
pub(super) fn close_dead(desk: &mut Desk<'_>, session: &SessionId) -> Result<(), Fault> {
    let running = desk.rows(RUNNING, [session.as_str()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?))
    })?;
    for (turn, instance, pid) in running {
        if desk.owner.alive(&instance) {
            return Err(StoreError::Busy { session: session.clone(), pid }.into());
        }
        let turn = TurnId::from(turn);
        if let Some(question) = approvals::parked(desk, session, &turn)?.filter(approvals::waits) {
            let (session, question) = (session.clone(), question.id);
            return Err(StoreError::Waits { session, question }.into());
        }
        recover::close(desk, session, &turn)?;
    }
    Ok(())
}

/// Stores the next message of a turn.
pub(super) fn append(
    desk: &mut Desk<'_>,
    session: &SessionId,
    turn: &TurnId,
    message: Message,
) -> Result<(), Fault> {
    insert(desk, session, turn, &record(message)?)
}

fn record(message: Message) -> Result<Record, Fault> {
    Record::of(message).map_err(|e| Fault::Text(format!("a message is not JSON: {e}")))
}

fn insert(desk: &mut Desk<'_>, session: &SessionId, turn: &TurnId, record: &Record) -> Result<(), Fault> {
    let Record { role, content, calls, call_id, meta } = record;
    let params = (session.as_str(), turn.as_str(), role, content, calls, call_id, meta, now_ms());
    desk.behind = true;
    match desk.run(APPEND, params)? {
        0 => Err(Fault::Text(format!("session {session} has no turn {turn}"))),
        _ => Ok(()),
    }
}

/// Closes a turn. One that is closed stays as it was closed.
pub(super) fn end(desk: &mut Desk<'_>, turn: &TurnId, status: TurnStatus) -> Result<(), Fault> {
    let now = now_ms();
    let ended: Option<String> = desk.row(END, (turn.as_str(), status.as_str(), now), |row| row.get(0))?;
    let Some(session) = ended else {
        let known = desk.row("SELECT 1 FROM turns WHERE id = ?1", [turn.as_str()], |_| Ok(()))?;
        return known.ok_or_else(|| Fault::Text(format!("there is no turn {turn}")));
    };
    approvals::withdraw_all(desk, turn)?;
    desk.run("UPDATE sessions SET touched_ms = max(touched_ms, ?2) WHERE id = ?1", (session, now))?;
    Ok(())
}
