//! When the memory fails in the middle of a turn.

use crate::{
    rig::{Plan, Rig},
    support::fake_openai::{FakeOpenAi, Reply},
    tools::tool,
};
use openpista::domain::outcome::TurnEnd;
use serde_json::json;
use std::sync::Arc;

/// A turn whose tool does something to the database; the outcome must be told, not hang.
async fn sabotaged(sql: &'static str) -> (&'static str, String, usize) {
    let fake = FakeOpenAi::start([
        Reply::call("test_saw", json!({})),
        Reply::call("test_saw", json!({"again": true})),
        Reply::text("answered"),
    ]);
    let path: Arc<std::sync::OnceLock<std::path::PathBuf>> = Arc::default();
    let at = path.clone();
    let saw = tool("test.saw", move |_| {
        let conn = rusqlite::Connection::open(at.get().expect("a path")).expect("the database");
        let done = conn.execute_batch(sql);
        async move { format!("{done:?}") }
    });
    let rig = Plan::with([saw]).on(&fake).await;
    path.set(rig.memory.path().to_owned()).expect("once");
    let outcome = rig.turn("go").await;
    match outcome.end {
        TurnEnd::Failed { kind, message } => (kind, message, fake.requests().len()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_table_that_is_gone() {
    let (kind, words, asked) = sabotaged("DROP TABLE messages").await;
    assert!(kind == "storage" && words.contains("messages"), "{kind} {words}");
    // A second round of tools would act on what is not stored.
    assert!(asked <= 2, "{asked} requests");
}

#[tokio::test]
async fn a_disk_that_is_full() {
    let (kind, words, asked) = sabotaged(
        "CREATE TRIGGER full BEFORE INSERT ON messages BEGIN SELECT raise(ABORT, 'the disk is full'); END",
    )
    .await;
    assert!(kind == "storage" && words.contains("the disk is full"), "{kind} {words}");
    assert!(asked <= 2, "{asked} requests");
}

#[tokio::test]
async fn a_memory_that_is_closed() {
    let fake = FakeOpenAi::start([Reply::text("answered")]);
    let rig = Plan::default().on(&fake).await;
    rig.memory.close().await;
    assert_eq!(Rig::failed(&rig.turn("go").await).0, "storage");
    assert_eq!(fake.all_requests().len(), 0, "nobody is asked what can't be stored");
}
