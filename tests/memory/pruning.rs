//! Conversations that nobody has spoken in for a long time, removed.

use super::{Place, begin, ids, new_session, place, raw};
use openpista::{
    domain::{
        id::SessionId,
        post::Post,
        store::{TurnStatus, TurnStore},
    },
    memory::{NewSession, PRUNE_STEP, Pruned, Stale},
};

const DAY: i64 = 86_400_000;

/// A conversation that was touched so many days after the beginning of time, with so many messages.
async fn session(place: &Place, name: Option<&str>, day: i64, messages: usize) -> SessionId {
    let new = NewSession { name: name.map(str::to_owned), ..new_session() };
    let id = place.memory.create_session(new).await.unwrap().id;
    let turn = begin(&place.memory, &id, "hello there").await.unwrap();
    for n in 1..messages {
        let message = openpista::domain::message::Message::user(format!("word{n} again"));
        drop(place.memory.append(&id, &turn, message));
    }
    place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    place.memory.search("hello", 1).await.unwrap();
    raw(&place.dir)
        .execute("UPDATE sessions SET touched_ms = ?2 WHERE id = ?1", (id.as_str(), day * DAY))
        .unwrap();
    id
}

fn before(day: i64) -> Stale {
    Stale { before_ms: day * DAY, named: false }
}

#[tokio::test]
async fn what_is_old_goes_and_the_rest_stays() {
    let place = place();
    let old = session(&place, None, 1, 3).await;
    let long = session(&place, None, 2, 2 * PRUNE_STEP + 7).await;
    let named = session(&place, Some("keep me"), 3, 2).await;
    let fresh = session(&place, None, 10, 2).await;
    place.memory.assign("chat", "ada", &old).await.unwrap();
    place.memory.assign("chat", "bob", &fresh).await.unwrap();
    let messages = 3 + 2 * PRUNE_STEP as u64 + 7;
    let told = place.memory.stale(before(5)).await.unwrap();
    assert_eq!(told, Pruned { sessions: 2, messages, busy: 0, named: 1 });
    assert_eq!(ids(&place.memory.stale_sessions(before(5), 10).await.unwrap()), [&old, &long]);
    // Looking removes nothing.
    assert_eq!(place.memory.sessions(10).await.unwrap().len(), 4);
    assert_eq!(place.memory.prune(before(5)).await.unwrap(), told);
    assert_eq!(ids(&place.memory.sessions(10).await.unwrap()), [&fresh, &named]);
    assert_eq!(place.memory.search("word7", 10).await.unwrap(), []);
    assert_eq!(place.memory.session("chat", "ada").await.unwrap(), None);
    assert_eq!(place.memory.session("chat", "bob").await.unwrap(), Some(fresh.clone()));
    let done = place.memory.prune(Stale { named: true, ..before(5) }).await.unwrap();
    assert_eq!(done, Pruned { sessions: 1, messages: 2, busy: 0, named: 0 });
    assert_eq!(ids(&place.memory.sessions(10).await.unwrap()), [&fresh]);
    // Nothing is left behind, and the index fits what is there.
    let left = |sql: &str| raw(&place.dir).query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(left("SELECT count(*) FROM messages WHERE session NOT IN (SELECT id FROM sessions)"), 0);
    assert_eq!(left("SELECT count(*) FROM turns WHERE session NOT IN (SELECT id FROM sessions)"), 0);
    raw(&place.dir)
        .execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)", [])
        .unwrap();
}

#[tokio::test]
async fn one_that_is_in_use_stays() {
    let place = place();
    let busy = session(&place, None, 1, 2).await;
    let other = session(&place, None, 1, 2).await;
    let turn = begin(&place.memory, &busy, "still here").await.unwrap();
    raw(&place.dir).execute("UPDATE sessions SET touched_ms = 0", []).unwrap();
    let done = place.memory.prune(before(5)).await.unwrap();
    assert_eq!(done, Pruned { sessions: 1, messages: 2, busy: 1, named: 0 });
    assert_eq!(place.memory.messages(&busy).await.unwrap().len(), 3);
    assert!(place.memory.messages(&other).await.is_err());
    place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
}

#[tokio::test]
async fn one_that_begins_anew_keeps_what_was_said_and_shows_the_model_none_of_it() {
    let place = place();
    let id = session(&place, None, 1, 3).await;
    let turn = begin(&place.memory, &id, "wait").await.unwrap();
    assert!(!place.memory.begin_anew(&id).await.unwrap(), "somebody is in it");
    place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    for run in 0..3 {
        assert!(place.memory.begin_anew(&id).await.unwrap());
        let turn = begin(&place.memory, &id, &format!("run {run}")).await.unwrap();
        let seen = super::texts(&place.memory.context(&id).await.unwrap());
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(seen[0].contains("earlier runs") && seen[1] == format!("run {run}"), "{seen:?}");
        place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    }
    assert_eq!(place.memory.messages(&id).await.unwrap().len(), 3 + 1 + 3);
    assert_eq!(place.memory.search("word1", 5).await.unwrap().len(), 1);
    // A new one has nothing to hide.
    let fresh = place.session().await;
    assert!(place.memory.begin_anew(&fresh).await.unwrap());
    begin(&place.memory, &fresh, "first").await.unwrap();
    assert_eq!(super::texts(&place.memory.context(&fresh).await.unwrap()), ["first"]);
}
