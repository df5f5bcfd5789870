//! Tools at work: side by side, in circles, and in ruins.

use crate::{
    rig::{Asked, PATIENCE, Plan, Rig},
    support::fake_openai::{FakeOpenAi, Reply},
    tools::tool,
};
use openpista::domain::call::ToolStatus;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Barrier;

#[tokio::test]
async fn calls_of_one_answer_run_at_the_same_time() {
    let fake = FakeOpenAi::start([
        Reply::calls((0..8).map(|n| ("test_meet", json!({"n": n}))).collect::<Vec<_>>()),
        Reply::text("met"),
    ]);
    // None comes back before all are there.
    let barrier = Arc::new(Barrier::new(8));
    let meet = tool("test.meet", move |_| {
        let barrier = barrier.clone();
        async move {
            barrier.wait().await;
            "met".into()
        }
    });
    let rig = Plan::with([meet]).on(&fake).await;
    assert_eq!(Rig::answered(&rig.turn("meet").await), "met");
    assert_eq!(rig.statuses().await, [ToolStatus::Ok; 8]);
    assert!(fake.refusals().is_empty());
}

#[tokio::test]
async fn going_in_circles_brings_a_hint_and_then_an_end() {
    let fake = FakeOpenAi::answering(|request| match request.body.get("tools") {
        Some(_) => Reply::call("test_same", json!({"again": true})),
        None => Reply::text("I was going in circles"),
    });
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let same = tool("test.same", move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        async { "the same".into() }
    });
    let rig = Plan::with([same]).rounds(100).on(&fake).await;
    let outcome = rig.turn("go").await;
    assert_eq!(Rig::answered(&outcome), "I was going in circles");
    assert_eq!((ran.load(Ordering::SeqCst), outcome.rounds), (5, 5));
    let requests = fake.requests();
    assert!(requests[3].last_text().contains("same call with the same result three times"));
    assert!(requests[4].messages().iter().all(|m| m["content"] != requests[5].last_text()));
    assert!(requests[5].last_text().contains("tools are switched off"));
    assert!(rig.seen.notices().iter().any(|n| n.contains("repeats itself")), "{:?}", rig.seen.notices());
    rig.assert_whole().await;
}

#[tokio::test]
async fn a_tool_that_breaks_down_is_a_result() {
    let fake = FakeOpenAi::start([
        Reply::calls([("test_panic", json!({})), ("test_fine", json!({}))]),
        Reply::text("one broke"),
    ]);
    let broken = tool("test.panic", |_| async { panic!("out of cheese") });
    let fine = tool("test.fine", |_| async { "fine".into() });
    let rig = Plan::with([broken, fine]).on(&fake).await;
    assert_eq!(Rig::answered(&rig.turn("go").await), "one broke");
    let mut statuses = rig.statuses().await;
    statuses.sort_by_key(|status| format!("{status:?}"));
    assert_eq!(statuses, [ToolStatus::Error, ToolStatus::Ok]);
    let told = fake.requests()[1]
        .messages()
        .iter()
        .any(|m| m["content"].as_str().is_some_and(|t| t.contains("out of cheese")));
    assert!(told, "the model learns why");
}

#[tokio::test]
async fn ten_megabytes_of_output() {
    let fake = FakeOpenAi::start([Reply::call("test_flood", json!({})), Reply::text("a lot")]);
    let flood = tool("test.flood", |_| async { "漢字 and\n".repeat(1_000_000) });
    let rig = Plan::with([flood]).on(&fake).await;
    assert_eq!(Rig::answered(&rig.turn("go").await), "a lot");
    let requests = fake.requests();
    let result = requests[1].messages().last().expect("a result")["content"].as_str().expect("text");
    assert!(result.chars().count() <= 60_000 && result.contains("bytes left out"));
    let spilled: u64 = std::fs::read_dir(rig.dir.path().join("spill"))
        .expect("a directory")
        .map(|file| file.expect("a file").metadata().expect("a size").len())
        .sum();
    assert_eq!(spilled, "漢字 and\n".len() as u64 * 1_000_000, "all of it is kept");
}

#[tokio::test]
async fn a_tool_that_is_not_there() {
    let fake = FakeOpenAi::answering(|request| match request.results_behind("try them") {
        Some(0) => Reply::calls([
            ("test_fine_", json!({})),
            ("rm -rf /", json!({"x": 1})),
            ("", json!({})),
            ("test_fine", json!("not { json")),
            ("test_fine", json!("[1, 2]")),
        ]),
        _ => Reply::text("none of them"),
    });
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let fine = tool("test.fine", move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        async { "fine".into() }
    });
    let rig = Plan::with([fine]).on(&fake).await;
    assert_eq!(Rig::answered(&rig.turn("try them").await), "none of them");
    assert_eq!((ran.load(Ordering::SeqCst), rig.statuses().await), (0, vec![ToolStatus::Denied; 5]));
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
}

#[tokio::test]
async fn more_calls_in_one_answer_than_anybody_needs() {
    let fake = FakeOpenAi::answering(|request| match request.results_behind("and now?") {
        None => Reply::calls((0..10_000).map(|n| ("test_fine", json!({"n": n}))).collect::<Vec<_>>()),
        _ => Reply::text("that many"),
    });
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let fine = tool("test.fine", move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            "fine".into()
        }
    });
    let rig = Plan::with([fine]).on(&fake).await;
    let outcome = tokio::time::timeout(PATIENCE, rig.turn("go")).await.expect("no hang");
    assert!(ran.load(Ordering::SeqCst) <= 128, "{} ran", ran.load(Ordering::SeqCst));
    let (kind, words) = Rig::failed(&outcome);
    assert!(kind == "model" && words.contains("tool calls in one answer"), "{kind} {words}");
    assert_eq!(Rig::answered(&rig.turn("and now?").await), "that many");
}
