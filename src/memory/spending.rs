//! What model calls cost.

use super::{
    Memory,
    clock::{midnight, now_ms},
    desk::Desk,
    error::Fault,
};
use crate::domain::{
    hook::TurnContext,
    id::{SessionId, TurnId},
    store::StoreError,
    usage::Usage,
};
use rusqlite::{Connection, Row};

const SPEND: &str = "INSERT INTO usage (session, turn, agent, model, input, output, usd, estimated, at_ms)
    SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM sessions WHERE id = ?1";
const SPEND_APART: &str =
    "INSERT INTO usage (session, turn, agent, model, input, output, usd, estimated, at_ms)
    VALUES ((SELECT id FROM sessions WHERE id = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const TODAY: &str = "SELECT total(usd) FROM usage WHERE agent = ?1 AND at_ms >= ?2";
const TURN: &str =
    "SELECT total(input), total(output), sum(usd), coalesce(max(estimated), 0) FROM usage WHERE turn = ?1";
const SESSION: &str =
    "SELECT total(input), total(output), sum(usd), coalesce(max(estimated), 0) FROM usage WHERE session = ?1";

impl Memory {
    /// What a conversation has cost so far. All zero for one that is unknown, or cost nothing.
    pub async fn usage(&self, session: &SessionId) -> Result<Usage, StoreError> {
        let session = session.clone();
        self.read(move |conn| Ok(conn.query_row(SESSION, [session.as_str()], read)?)).await
    }

    /// Records what a model call cost that no turn made. It counts for the agent's day, and for the
    /// conversation of `context` if that is one.
    pub async fn spend_apart(
        &self,
        context: &TurnContext,
        model: &str,
        usage: Usage,
    ) -> Result<(), StoreError> {
        let (context, model) = (context.clone(), model.to_owned());
        self.keep(move |desk| apart(desk, &context, &model, usage)).await
    }
}

pub(super) fn apart(
    desk: &mut Desk<'_>,
    context: &TurnContext,
    model: &str,
    usage: Usage,
) -> Result<(), Fault> {
    record(desk, SPEND_APART, &context.session, &context.turn, &context.agent, model, usage)?;
    Ok(())
}

pub(super) fn spend(
    desk: &mut Desk<'_>,
    session: &SessionId,
    turn: &TurnId,
    agent: &str,
    model: &str,
    usage: Usage,
) -> Result<(), Fault> {
    match record(desk, SPEND, session, turn, agent, model, usage)? {
        0 => Err(StoreError::NoSession(session.to_string()).into()),
        _ => Ok(()),
    }
}

fn record(
    desk: &mut Desk<'_>,
    sql: &'static str,
    session: &SessionId,
    turn: &TurnId,
    agent: &str,
    model: &str,
    usage: Usage,
) -> Result<usize, Fault> {
    let tokens = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let params = (
        session.as_str(),
        turn.as_str(),
        agent,
        model,
        tokens(usage.input),
        tokens(usage.output),
        // NaN would become NULL, and infinity would swallow every sum it is in.
        usage.usd.filter(|usd| usd.is_finite()),
        usage.estimated,
        now_ms(),
    );
    Ok(desk.run(sql, params)?)
}

/// What a turn has cost so far.
pub(super) fn of_turn(desk: &mut Desk<'_>, turn: &TurnId) -> Result<Usage, Fault> {
    Ok(desk.row(TURN, [turn.as_str()], read)?.unwrap_or_default())
}

/// US dollars that `agent` spent since midnight (UTC).
pub(super) fn spent_today(conn: &Connection, agent: &str) -> Result<f64, Fault> {
    Ok(conn.query_row(TODAY, (agent, midnight(now_ms())), |row| row.get(0))?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Usage> {
    // `total` counts in floating point, which cannot overflow; exact up to 2^53 tokens.
    let tokens = |index| row.get::<_, f64>(index).map(|count| count as u64);
    Ok(Usage { input: tokens(0)?, output: tokens(1)?, usd: row.get(2)?, estimated: row.get(3)? })
}
