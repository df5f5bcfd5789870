//! Questions to people: asked, answered once, used once.

mod answering;
mod parking;

pub(super) use parking::{adopt, parked, take_up, waits, withdraw_all};

use super::{
    Memory,
    clock::now_ms,
    desk::Desk,
    error::Fault,
    post::{POST_DAYS, outbox},
};
use crate::domain::{
    BoxFuture,
    approval::ApprovalRequest,
    id::{CallId, TurnId},
    post::Content,
    question::{Asked, Decided, NewQuestion, Opening, Question, QuestionState, QuestionStore, Voter},
    store::StoreError,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, types::Type};
use std::future::ready;

/// The columns that [`read`] expects, in its order; their people come apart.
macro_rules! columns {
    () => {
        "SELECT id, print, request, text, inbox, state, asked_ms, expires_ms, decided_by, decided_ms,
            (SELECT json_group_array(json_array(channel, user, conversation))
                FROM approval_people WHERE question = approvals.id)
            FROM approvals "
    };
}
use columns;

const OPEN: &str = "INSERT INTO approvals
    (id, turn, call, print, request, text, inbox, state, instance, asked_ms, expires_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'open', ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING";
const PERSON: &str =
    "INSERT INTO approval_people (question, channel, user, conversation) VALUES (?1, ?2, ?3, ?4)";
const BEFORE_THEM: &str = "SELECT count(*) FROM approval_people JOIN approvals ON approvals.id = question
    WHERE channel = ?1 AND user = ?2 AND state = 'open' AND expires_ms > ?3";
const LETTER: &str = "SELECT id FROM inbox WHERE turn = ?1 AND state = 'answering'";
const STANDING: &str =
    concat!(columns!(), "WHERE turn = ?1 AND call = ?2 AND state <> 'withdrawn' AND used_ms IS NULL");
const BY_ID: &str = concat!(columns!(), "WHERE id = ?1");
const UNANSWERED: &str =
    concat!(columns!(), "WHERE state = 'open' AND expires_ms > ?1 ORDER BY asked_ms, id");
const FORGET: &str = "DELETE FROM approvals WHERE asked_ms < ?1 AND expires_ms < ?1";

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

impl QuestionStore for Memory {
    fn open(&self, question: NewQuestion, most: usize) -> BoxFuture<'_, Result<Opening, StoreError>> {
        self.write(move |desk| open(desk, question, most))
    }

    fn standing<'a>(
        &'a self,
        turn: &'a TurnId,
        call: &'a CallId,
    ) -> BoxFuture<'a, Result<Option<Question>, StoreError>> {
        let key = (turn.as_str(), call.as_str());
        Box::pin(ready(self.glance(|view| Ok(view.row(STANDING, key, read)?))))
    }

    fn question<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Question>, StoreError>> {
        let id = id.to_owned();
        Box::pin(self.read(move |conn| find(conn, &id)))
    }

    fn unanswered(&self) -> BoxFuture<'_, Result<Vec<Question>, StoreError>> {
        Box::pin(
            self.read(|conn| {
                Ok(conn.prepare(UNANSWERED)?.query_map([now_ms()], read)?.collect::<Result<_>>()?)
            }),
        )
    }

    fn decide<'a>(
        &'a self,
        id: &'a str,
        voter: &'a Voter,
        yes: bool,
    ) -> BoxFuture<'a, Result<Decided, StoreError>> {
        let (id, voter) = (id.to_owned(), voter.clone());
        self.write(move |desk| answering::decide(desk, &id, &voter, yes))
    }

    fn conclude<'a>(
        &'a self,
        id: &'a str,
        print: &'a str,
    ) -> BoxFuture<'a, Result<(QuestionState, Option<String>), StoreError>> {
        let (id, print) = (id.to_owned(), print.to_owned());
        self.write(move |desk| answering::conclude(desk, &id, &print))
    }

    fn withdraw(&self, id: &str) -> BoxFuture<'static, Result<(), StoreError>> {
        let id = id.to_owned();
        self.keep(move |desk| answering::withdraw(desk, &id))
    }
}

fn open(desk: &mut Desk<'_>, question: NewQuestion, most: usize) -> Result<Opening, Fault> {
    let NewQuestion { id, print, people, request, text, message, patience_ms } = question;
    desk.owner.hold()?;
    let now = now_ms();
    let expires = now.saturating_add(patience_ms);
    for person in &people {
        let before: i64 = desk
            .row(BEFORE_THEM, (&person.channel, &person.user, now), |row| row.get(0))?
            .unwrap_or_default();
        if usize::try_from(before).unwrap_or(usize::MAX) >= most {
            return Ok(Opening::TooMany(person.clone()));
        }
    }
    let (turn, call) = (request.context.turn.as_str(), request.call.id.as_str());
    // The turn goes on later where a message waits for it, and the call is one of its model's own:
    // what runs within a call ends with that call.
    let letter: Option<i64> = desk.row(LETTER, [turn], |row| row.get(0))?;
    let own = super::recover::unanswered(desk, &request.context.session, &request.context.turn)?;
    let inbox = letter.filter(|_| own.iter().any(|open| open.id == request.call.id));
    let instance = desk.owner.instance().to_owned();
    let json =
        serde_json::to_string(&request).map_err(|e| Fault::Text(format!("a question is not JSON: {e}")))?;
    let row = (&id, turn, call, &print, json, &text, inbox, instance, now, expires);
    if desk.run(OPEN, row)? == 0 {
        return Ok(Opening::Taken);
    }
    for Asked { channel, user, conversation } in &people {
        desk.run(PERSON, (&id, channel, user, conversation))?;
        let content = Content { text: message.clone(), question: Some(id.clone()), ..Content::default() };
        outbox::put(desk, channel, conversation, &content, None)?;
    }
    Ok(Opening::Asked(Box::new(Question {
        id,
        print,
        people,
        request,
        text,
        resumable: inbox.is_some(),
        state: QuestionState::Open,
        asked_ms: now,
        expires_ms: expires,
        decided_by: None,
        decided_ms: None,
    })))
}

/// Forgets questions that are long over.
pub(super) fn forget(desk: &mut Desk<'_>) -> Result<(), Fault> {
    desk.run(FORGET, [now_ms() - POST_DAYS * DAY_MS])?;
    Ok(())
}

fn find(conn: &Connection, id: &str) -> Result<Option<Question>, Fault> {
    Ok(conn.query_row(BY_ID, [id], read).optional()?)
}

fn read(row: &Row<'_>) -> Result<Question> {
    let state = match row.get_ref(5)?.as_str()? {
        "yes" => QuestionState::Yes,
        "no" => QuestionState::No,
        "expired" => QuestionState::Expired,
        "withdrawn" => QuestionState::Withdrawn,
        _ => QuestionState::Open,
    };
    let people: Vec<(String, String, String)> = json(row, 10)?;
    let people =
        people.into_iter().map(|(channel, user, conversation)| Asked { channel, user, conversation });
    Ok(Question {
        id: row.get(0)?,
        print: row.get(1)?,
        people: people.collect(),
        request: json::<ApprovalRequest>(row, 2)?,
        text: row.get(3)?,
        resumable: row.get::<_, Option<i64>>(4)?.is_some(),
        state,
        asked_ms: row.get(6)?,
        expires_ms: row.get(7)?,
        decided_by: row.get(8)?,
        decided_ms: row.get(9)?,
    })
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, index: usize) -> Result<T> {
    serde_json::from_str(row.get_ref(index)?.as_str()?)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}
