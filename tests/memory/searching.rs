//! Full-text search.

use super::{Place, calls, open, place, raw, result};
use openpista::domain::{
    id::SessionId,
    message::Message,
    store::{StoreError, TurnStatus, TurnStore},
};

async fn found(place: &Place, query: &str) -> Vec<String> {
    let found = place.memory.search(query, 100).await.unwrap();
    found.into_iter().map(|found| found.snippet).collect()
}

/// FTS5's own check that the index fits the messages.
fn assert_in_step(place: &Place) {
    raw(&place.dir)
        .execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)", [])
        .unwrap();
}

async fn say(place: &Place, session: &SessionId, text: &str) {
    let turn = super::begin(&place.memory, session, text).await.unwrap();
    place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
}

#[tokio::test]
async fn words_find_messages_whatever_else_is_in_the_query() {
    let place = place();
    let session = place.session().await;
    for text in [
        "the disk is full",
        "Ça alors: déjà vu NEAR the \"quoted\" word",
        "서버 상태를 알려줘",
        "a\0nul",
        "c++ x-y",
    ] {
        say(&place, &session, text).await;
    }
    let cases: [(&str, &[&str]); 18] = [
        ("disk", &["the [disk] is full"]),
        ("FULL disk", &["the [disk] is [full]"]),
        ("dis", &["the [disk] is full"]),
        ("dis full", &[]),
        ("deja", &["Ça alors: [déjà] vu NEAR the \"quoted\" word"]),
        ("NEAR", &["Ça alors: déjà vu [NEAR] the \"quoted\" word"]),
        ("disk NEAR full", &[]),
        ("disk OR full", &[]),
        ("\"quoted", &["Ça alors: déjà vu NEAR the \"[quoted]\" word"]),
        ("서버", &["[서버] 상태를 알려줘"]),
        ("상태", &["서버 [상태를] 알려줘"]),
        ("nul", &["a\u{fffd}[nul]"]),
        ("x-y", &["c++ [x-y]"]),
        ("disk*", &["the [disk] is full"]),
        ("disk\0full", &["the [disk] is [full]"]),
        ("content:disk", &[]),
        ("nosuchword", &[]),
        ("", &[]),
    ];
    for (query, expected) in cases {
        assert_eq!(found(&place, query).await, expected, "for {query:?}");
    }
}

#[tokio::test]
async fn no_query_is_an_error() {
    let place = place();
    let session = place.session().await;
    say(&place, &session, "AND OR NOT NEAR").await;
    let odd = [
        "\"", "'", "*", "^", "-", "+", ":", "(", ")", "{", "}", "a AND", "NOT", "NEAR(", "\0", "%",
        "\u{fffd}",
    ];
    for a in odd {
        for b in odd {
            for query in [format!("{a}{b}"), format!("{a} {b}"), format!("x{a}y {b}"), format!("{a}\"{b}")] {
                place.memory.search(&query, 10).await.unwrap_or_else(|e| panic!("{query:?}: {e}"));
            }
        }
    }
    place.memory.search(&"word \" ".repeat(10_000), 10).await.unwrap();
    assert_eq!(place.memory.search("AND", 0).await.unwrap(), []);
}

#[tokio::test]
async fn a_find_says_where_it_is() {
    let place = place();
    let (session, other) = (place.session().await, place.session().await);
    say(&place, &other, "nothing").await;
    let turn = place.turn(&session).await;
    place.memory.append(&session, &turn, calls(&["x"])).await.unwrap();
    place.memory.append(&session, &turn, result("x")).await.unwrap();
    let found = place.memory.search("done", 5).await.unwrap();
    let stored = place.memory.messages(&session).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].session, session);
    assert_eq!((found[0].message, found[0].at_ms), (stored[2].id, stored[2].at_ms));
    assert_eq!((found[0].role.as_str(), found[0].snippet.as_str()), ("tool", "[done]"));
}

#[tokio::test]
async fn what_another_program_stored_is_found_too() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    // More than is indexed at a time.
    for n in 0..200 {
        drop(place.memory.append(&session, &turn, Message::user(format!("word{n} common"))));
    }
    drop(place.memory);
    let later = Place { memory: open(&place.dir), dir: place.dir };
    assert_eq!(later.memory.search("common", 1000).await.unwrap().len(), 200);
    assert_eq!(found(&later, "word199").await, ["[word199] common"]);
    assert_in_step(&later);
}

#[tokio::test]
async fn a_removed_session_leaves_nothing_to_find() {
    let place = place();
    let (gone, kept) = (place.session().await, place.session().await);
    say(&place, &kept, "common kept").await;
    say(&place, &gone, "common indexed").await;
    assert_eq!(found(&place, "common").await.len(), 2);
    // Not in the index yet when it goes.
    let turn = super::begin(&place.memory, &gone, "common unindexed").await.unwrap();
    assert!(matches!(place.memory.remove_session(&gone).await, Err(StoreError::Busy { .. })));
    place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    place.memory.remove_session(&gone).await.unwrap();
    assert_eq!(found(&place, "common").await, ["[common] kept"]);
    assert_eq!(found(&place, "indexed").await, [""; 0]);
    assert_in_step(&place);
    assert!(matches!(place.memory.messages(&gone).await, Err(StoreError::NoSession(_))));
    assert!(matches!(place.memory.remove_session(&gone).await, Err(StoreError::NoSession(_))));
    for table in ["sessions", "turns", "messages"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(raw(&place.dir).query_row(&count, [], |row| row.get::<_, i64>(0)).unwrap(), 1, "{table}");
    }
}

#[tokio::test]
async fn of_common_words_the_newest_messages_are_compared() {
    let place = place();
    let (first, second) = (place.session().await, place.session().await);
    let turn = place.turn(&first).await;
    let store = |session: &SessionId, turn: &openpista::domain::id::TurnId, text: String| {
        drop(place.memory.append(session, turn, Message::user(text)));
    };
    let many = openpista::memory::COMPARED + 50;
    store(&first, &turn, "the oldest common".into());
    for n in 0..many {
        store(&first, &turn, format!("a common word among {n} others that say little"));
    }
    store(&first, &turn, "common common".into());
    place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    let turn = place.turn(&second).await;
    store(&second, &turn, "common here".into());
    place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    let found = found(&place, "common").await;
    assert_eq!(found.len(), 100);
    assert_eq!(found[0], "[common] [common]");
    assert!(!found.contains(&"the oldest [common]".to_owned()));
    // As many as are asked for.
    assert_eq!(place.memory.search("common", many + 100).await.unwrap().len(), many + 3);
    let here = place.memory.search_in("common", Some(&second), 10).await.unwrap();
    assert_eq!(here.iter().map(|found| found.snippet.as_str()).collect::<Vec<_>>(), ["[common] here"]);
    // A beginning finds longer words only where the word itself does not fill the list, and from three
    // letters on.
    assert_eq!(place.memory.search("commo", 5).await.unwrap().len(), 5);
    assert_eq!(place.memory.search("co", 5).await.unwrap(), []);
}
