//! Stopping a turn, at any point.

use crate::{
    rig::{Asked, Plan, Rig, Undecided},
    support::fake_openai::{FakeOpenAi, Reply, Request, Rules},
    tools::{Counted, Random, tool},
};
use openpista::domain::{call::ToolStatus, event::TurnEvent, outcome::TurnEnd, rules::Autonomy};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// A model that takes its time, calls slow tools twice, and then answers at length.
fn slow_model() -> impl FnMut(&Request) -> Reply + Send + 'static {
    let mut random = Random::new(3);
    move |request| {
        let delay = Duration::from_millis(random.below(15) as u64);
        let reply = match request.results_behind("go slowly") {
            Some(n) if n < 4 => Reply::text_and_calls(
                "let me see",
                [("test_slow", json!({"n": n})), ("test_quick", json!({"n": n}))],
            ),
            Some(_) => Reply::text("an answer of some length ".repeat(200)),
            None => Reply::text("fine"),
        };
        reply.delay(delay)
    }
}

#[tokio::test]
async fn at_any_moment() {
    let fake = FakeOpenAi::answering(slow_model());
    let running = Arc::new(AtomicUsize::new(0));
    let alive = running.clone();
    let slow = tool("test.slow", move |_| {
        let guard = Counted::new(&alive);
        async move {
            tokio::time::sleep(Duration::from_millis(15)).await;
            drop(guard);
            "slow".into()
        }
    });
    let quick = tool("test.quick", |_| async { "quick".into() });
    let rig = Plan::with([slow, quick]).on(&fake).await;
    let mut random = Random::new(11);
    let mut stopped = 0;
    for _ in 0..60 {
        let cancel = CancellationToken::new();
        let (stop, after) = (cancel.clone(), Duration::from_micros(random.below(120_000) as u64));
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            stop.cancel();
        });
        let outcome = rig.cancelled_turn("go slowly", cancel).await;
        assert_eq!(running.load(Ordering::SeqCst), 0, "a tool still runs");
        rig.assert_whole().await;
        match outcome.end {
            TurnEnd::Cancelled => {
                stopped += 1;
                assert_eq!(rig.last_status(), "cancelled");
                assert!(matches!(
                    rig.seen.events().last(),
                    Some(TurnEvent::Failed { kind: "cancelled", .. })
                ));
            }
            TurnEnd::Answered(_) => assert_eq!(rig.last_status(), "done"),
            other => panic!("{other:?}"),
        }
    }
    assert!(stopped > 20, "only {stopped} of 60 were stopped");
    Rig::answered(&rig.turn("and now?").await);
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
}

/// Cancels as soon as `at` holds, and returns the outcome.
async fn stopped_when(rig: &Rig, text: &str, at: impl Fn() -> bool + Send + 'static) -> TurnEnd {
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    tokio::spawn(async move {
        while !at() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stop.cancel();
    });
    rig.cancelled_turn(text, cancel).await.end
}

#[tokio::test]
async fn before_it_begins() {
    let fake = FakeOpenAi::start([Reply::text("fine")]);
    let rig = Plan::default().on(&fake).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    assert_eq!(rig.cancelled_turn("hi", cancel).await.end, TurnEnd::Cancelled);
    assert_eq!((fake.all_requests().len(), rig.last_status().as_str()), (0, "cancelled"));
    assert_eq!(Rig::answered(&rig.turn("hi again").await), "fine");
    assert!(fake.refusals().is_empty());
}

#[tokio::test]
async fn before_the_first_token_and_mid_stream() {
    let half = Reply::text("the beginning of a long answer, ".repeat(20)).cut_after(2000).then_hang();
    let fake = Arc::new(FakeOpenAi::start([Reply::hang(), half, Reply::text("fine")]));
    let rig = Plan::default().on(&fake).await;
    let server = fake.clone();
    let asked = move || !server.requests().is_empty();
    assert_eq!(stopped_when(&rig, "one", asked).await, TurnEnd::Cancelled);
    let seen = rig.seen.clone();
    let speaking = move || seen.events().iter().any(|e| matches!(e, TurnEvent::Text { .. }));
    assert_eq!(stopped_when(&rig, "two", speaking).await, TurnEnd::Cancelled);
    let kept = rig.messages().await.iter().any(|m| m.text().starts_with("the beginning"));
    assert!(kept, "what was said stays in the conversation");
    assert_eq!(Rig::answered(&rig.turn("three").await), "fine");
    assert!(fake.refusals().is_empty());
    let hung_up = tokio::task::spawn_blocking(move || fake.saw_hang_ups(1)).await.expect("no panic");
    assert!(hung_up, "the server is not left waiting");
}

#[tokio::test]
async fn while_a_person_is_asked() {
    let fake = FakeOpenAi::start([
        Reply::calls([("test_act", json!({"n": 1})), ("test_act", json!({"n": 2}))]),
        Reply::text("fine"),
    ]);
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let act = tool("test.act", move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        async { "acted".into() }
    });
    let plan = Plan { approver: Arc::new(Undecided), autonomy: Autonomy::Ask, ..Plan::with([act]) };
    let rig = plan.on(&fake).await;
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
    });
    assert_eq!(rig.cancelled_turn("go", cancel).await.end, TurnEnd::Cancelled);
    assert_eq!((ran.load(Ordering::SeqCst), rig.statuses().await), (0, vec![ToolStatus::Cancelled; 2]));
    assert_eq!(Rig::answered(&rig.turn("and?").await), "fine");
    assert!(fake.refusals().is_empty());
}

#[tokio::test]
async fn while_a_summary_is_made() {
    let summaries = Arc::new(AtomicUsize::new(0));
    let count = summaries.clone();
    let fake = FakeOpenAi::answering_with(Rules::window(8192), move |request| match request.is_summary() {
        true => {
            count.fetch_add(1, Ordering::SeqCst);
            Reply::hang()
        }
        false => Reply::text("a long answer ".repeat(500)),
    });
    let rig = Plan::default().window(8192).on(&fake).await;
    for _ in 0..3 {
        rig.turn(&"a question ".repeat(20)).await;
    }
    let begun = summaries.clone();
    let end = stopped_when(&rig, "one more", move || begun.load(Ordering::SeqCst) > 0).await;
    assert_eq!((end, rig.last_status().as_str()), (TurnEnd::Cancelled, "cancelled"));
    assert_eq!(fake.requests().len(), 4, "nothing is asked behind it");
    assert!(fake.refusals().is_empty());
}

#[tokio::test]
async fn a_tool_that_hangs() {
    let fake = FakeOpenAi::start([
        Reply::calls([("test_hang", json!({})), ("test_quick", json!({}))]),
        Reply::text("fine"),
    ]);
    let running = Arc::new(AtomicUsize::new(0));
    let alive = running.clone();
    let hang = tool("test.hang", move |_| {
        let guard = Counted::new(&alive);
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            String::new()
        }
    });
    let quick = tool("test.quick", |_| async { "quick".into() });
    let rig = Plan::with([hang, quick]).on(&fake).await;
    let seen = rig.seen.clone();
    let one_is_back = move || seen.events().iter().any(|e| matches!(e, TurnEvent::ToolEnd { .. }));
    assert_eq!(stopped_when(&rig, "go", one_is_back).await, TurnEnd::Cancelled);
    assert_eq!(running.load(Ordering::SeqCst), 0);
    let mut statuses = rig.statuses().await;
    statuses.sort_by_key(|status| format!("{status:?}"));
    assert_eq!(statuses, [ToolStatus::Cancelled, ToolStatus::Ok]);
    assert_eq!(Rig::answered(&rig.turn("and?").await), "fine");
    assert!(fake.refusals().is_empty());
}
