//! Several turns at once.

use crate::{
    rig::{PATIENCE, Plan, Rig},
    support::fake_openai::{FakeOpenAi, Reply},
    tools::tool,
};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::{Barrier, Notify};

#[tokio::test]
async fn two_sessions_do_not_wait_for_each_other() {
    let fake = FakeOpenAi::answering(|request| match request.messages().last().map(|m| m["role"].clone()) {
        Some(role) if role == "tool" => Reply::text("met"),
        _ => Reply::call("test_meet", json!({})),
    });
    let barrier = Arc::new(Barrier::new(2));
    let meet = tool("test.meet", move |_| {
        let barrier = barrier.clone();
        async move {
            barrier.wait().await;
            "both are here".into()
        }
    });
    let rig = Plan::with([meet]).on(&fake).await;
    let other = rig.new_session().await;
    let one = rig.agent.turn(rig.input("one", Default::default()));
    let two = rig.agent.turn(rig.input_in(&other, "two", Default::default()));
    let both = async { tokio::join!(one, two) };
    let (one, two) = tokio::time::timeout(PATIENCE, both).await.expect("they wait for each other");
    assert_eq!((Rig::answered(&one), Rig::answered(&two)), ("met", "met"));
    let texts: Vec<_> = rig.messages().await.iter().map(|m| m.text().to_owned()).collect();
    assert!(texts.contains(&"one".to_owned()) && !texts.contains(&"two".to_owned()));
}

#[tokio::test]
async fn the_same_session_twice_is_busy() {
    let fake = FakeOpenAi::answering(|request| match request.messages().last().map(|m| m["role"].clone()) {
        Some(role) if role == "tool" => Reply::text("done"),
        _ => Reply::call("test_wait", json!({})),
    });
    let (started, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (started.clone(), go_on.clone());
    let slow = tool("test.wait", move |_| {
        let (tell, wait) = (tell.clone(), wait.clone());
        async move {
            tell.notify_one();
            wait.notified().await;
            "waited".into()
        }
    });
    let rig = Plan::with([slow]).on(&fake).await;
    let first = tokio::spawn({
        let (agent, input) = (rig.agent.clone(), rig.input("first", Default::default()));
        async move { agent.turn(input).await }
    });
    started.notified().await;
    let second = rig.turn("second").await;
    let (kind, words) = Rig::failed(&second);
    assert!(kind == "storage" && words.contains("is busy"), "{kind} {words}");
    assert!(words.contains(&std::process::id().to_string()), "{words}");
    go_on.notify_one();
    let first = tokio::time::timeout(PATIENCE, first).await.expect("no hang").expect("no panic");
    assert_eq!(Rig::answered(&first), "done");
    let texts: Vec<_> = rig.messages().await.iter().map(|m| m.text().to_owned()).collect();
    assert!(!texts.contains(&"second".to_owned()), "{texts:?}");
    go_on.notify_one();
    assert_eq!(Rig::answered(&rig.turn("third").await), "done");
}
