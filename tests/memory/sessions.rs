//! Conversations as listed and found.

use super::{begin, ids, new_session, place};
use openpista::{
    domain::{
        id::{SessionId, TurnId},
        store::{Session, StoreError, TurnStatus, TurnStore},
    },
    memory::NewSession,
};
use std::time::Duration;

#[tokio::test]
async fn sessions_are_found_by_name_then_by_the_beginning_of_their_id() {
    let place = place();
    let memory = &place.memory;
    let named = |name: &str| NewSession { name: Some(name.into()), ..new_session() };
    let work = memory.create_session(named(" work ")).await.unwrap();
    let other = memory.create_session(new_session()).await.unwrap();
    // Called like the other's id: the name goes first.
    let tricky = memory.create_session(named(other.id.as_str())).await.unwrap();
    assert_eq!(work.name.as_deref(), Some("work"));
    assert_eq!(memory.find_session("work").await.unwrap(), work);
    assert_eq!(memory.find_session(other.id.as_str()).await.unwrap(), tricky);
    assert_eq!(memory.find_session(&work.id.as_str().to_uppercase()).await.unwrap(), work);
    let fresh = work.id.as_str().len() - 1;
    assert_eq!(memory.find_session(&work.id.as_str()[..fresh]).await.unwrap(), work);
    // All ids made in the same minutes begin alike.
    assert!(matches!(memory.find_session(&work.id.as_str()[..3]).await, Err(StoreError::Ambiguous(_, 3))));
    for nothing in ["", " ", "nosuch", "%", "wor", "\0", "\u{10ffff}"] {
        let found = memory.find_session(nothing).await;
        assert!(matches!(found, Err(StoreError::NoSession(_))), "{nothing:?} finds {found:?}");
    }
}

#[tokio::test]
async fn names_are_unique_and_can_change() {
    let place = place();
    let memory = &place.memory;
    let (first, second) = (place.session().await, place.session().await);
    memory.rename(&first, Some("a")).await.unwrap();
    memory.rename(&first, Some("a")).await.unwrap();
    let taken = memory.rename(&second, Some("a")).await.unwrap_err();
    assert!(matches!(&taken, StoreError::NameTaken(name) if name == "a"), "{taken}");
    let new = NewSession { name: Some("a".into()), ..new_session() };
    assert!(matches!(memory.create_session(new).await, Err(StoreError::NameTaken(_))));
    memory.rename(&first, Some("  ")).await.unwrap();
    memory.rename(&second, Some("a")).await.unwrap();
    assert_eq!(memory.find_session("a").await.unwrap().id, second);
    assert_eq!(memory.find_session(first.as_str()).await.unwrap().name, None);
    let nowhere = SessionId::from("nowhere");
    assert!(matches!(memory.rename(&nowhere, None).await, Err(StoreError::NoSession(_))));
}

#[tokio::test]
async fn the_one_touched_last_comes_first() {
    let place = place();
    let memory = &place.memory;
    assert_eq!(memory.latest_session("cli").await.unwrap(), None);
    let (a, b) = (place.session().await, place.session().await);
    let elsewhere = NewSession { channel: "repl".into(), ..new_session() };
    let c = memory.create_session(elsewhere).await.unwrap().id;
    tokio::time::sleep(Duration::from_millis(3)).await;
    let turn = begin(memory, &a, "hello").await.unwrap();
    assert_eq!(ids(&memory.sessions(10).await.unwrap())[0], &a);
    assert_eq!(memory.latest_session("cli").await.unwrap().unwrap().id, a);
    assert_eq!(memory.latest_session("repl").await.unwrap().unwrap().id, c);
    tokio::time::sleep(Duration::from_millis(3)).await;
    begin(memory, &b, "hello").await.unwrap();
    tokio::time::sleep(Duration::from_millis(3)).await;
    memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    assert_eq!(ids(&memory.sessions(10).await.unwrap()), [&a, &b, &c]);
    assert_eq!(ids(&memory.sessions(1).await.unwrap()), [&a]);
    assert_eq!(memory.sessions(0).await.unwrap(), []);
}

#[tokio::test]
async fn the_first_message_gives_the_title() {
    let place = place();
    let memory = &place.memory;
    let made = memory.create_session(new_session()).await.unwrap();
    assert_eq!(memory.find_session(made.id.as_str()).await.unwrap(), made);
    let turn = begin(memory, &made.id, "  what is taking\n up\tspace? ").await.unwrap();
    memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    begin(memory, &made.id, "something else").await.unwrap();
    let listed = memory.find_session(made.id.as_str()).await.unwrap();
    let touched_ms = listed.touched_ms;
    assert!(touched_ms >= made.touched_ms);
    assert_eq!(listed, Session { title: "what is taking up space?".into(), messages: 2, touched_ms, ..made });
}

#[tokio::test]
async fn a_turn_ends_once() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    place.memory.end_turn(&turn, TurnStatus::Cancelled).await.unwrap();
    place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    let status: String =
        super::raw(&place.dir).query_row("SELECT status FROM turns", [], |row| row.get(0)).unwrap();
    assert_eq!(status, "cancelled");
    let nowhere = TurnId::generate();
    let error = place.memory.end_turn(&nowhere, TurnStatus::Done).await.unwrap_err();
    assert!(error.to_string().contains(nowhere.as_str()), "{error}");
    let nobody = begin(&place.memory, &SessionId::generate(), "x").await;
    assert!(matches!(nobody, Err(StoreError::NoSession(_))));
}
