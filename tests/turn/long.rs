//! Long conversations with a small model never come to a dead end.

use crate::{
    rig::{Asked, Plan, Rig, overflows},
    support::fake_openai::{FakeOpenAi, Reply, Request, Rules},
    tools::{Random, babbler},
};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

/// The window of the small model.
const WINDOW: usize = 8192;

/// What the model answers when a summary is asked for.
type Summary = fn(usize) -> Reply;

fn good_summary(n: usize) -> Reply {
    Reply::text(format!("The user asked {n} things. Wishes: none. Files: /tmp/a."))
}

/// A model that calls the tool up to three times in each turn, and then answers.
fn model(turn: Arc<AtomicUsize>, summary: Summary) -> impl FnMut(&Request) -> Reply + Send + 'static {
    let mut random = Random::new(7);
    let mut summaries = 0;
    move |request| {
        if request.is_summary() {
            summaries += 1;
            return summary(summaries);
        }
        let turn = turn.load(Ordering::SeqCst);
        let Some(results) = request.results_behind(&format!("question {turn} ")) else {
            // The question is gone: an answer that the test does not take.
            return Reply::text("what was the question?");
        };
        match request.body.get("tools") {
            Some(_) if results < turn % 4 => {
                let count = 1 + random.below(2);
                let calls = (0..count).map(|n| ("test_babble", json!({"turn": turn, "n": n, "at": results})));
                Reply::calls(calls.collect::<Vec<_>>())
            }
            _ => Reply::text(format!("answer {turn}: {}", random.text(300).trim())),
        }
    }
}

/// Runs the turns; returns how many requests were refused as too long.
async fn converse(turns: usize, rules: Rules, plan: Plan, summary: Summary) -> usize {
    let turn = Arc::new(AtomicUsize::new(0));
    let fake = FakeOpenAi::answering_with(rules, model(turn.clone(), summary));
    let rig = plan.on(&fake).await;
    let started = Instant::now();
    for number in 1..=turns {
        turn.store(number, Ordering::SeqCst);
        let outcome = rig.turn(&format!("question {number} (of many)")).await;
        let answer = Rig::answered(&outcome);
        assert!(answer.starts_with(&format!("answer {number}: ")), "{answer}");
    }
    rig.assert_whole().await;
    let overflows = overflows(&fake);
    println!("{turns} turns in {:?}, {overflows} requests were too long", started.elapsed());
    overflows
}

fn babbling() -> Plan {
    Plan::with([babbler()])
}

#[tokio::test]
async fn three_hundred_turns_in_a_small_window() {
    let overflows = converse(300, Rules::window(WINDOW), babbling().window(8192), good_summary).await;
    assert!(overflows < 30, "{overflows} of about 1000 requests had to be made again");
}

#[tokio::test]
async fn a_window_that_is_not_known_at_first() {
    converse(60, Rules::window(WINDOW), babbling(), good_summary).await;
}

#[tokio::test]
async fn a_server_that_does_not_say_how_large_its_window_is() {
    let rules = Rules { tells_limit: false, ..Rules::window(WINDOW) };
    converse(60, rules, babbling(), good_summary).await;
}

#[tokio::test]
async fn a_server_that_counts_twice_the_tokens() {
    let rules = Rules { bytes_per_token: 2, ..Rules::window(WINDOW) };
    converse(60, rules.clone(), babbling().window(8192), good_summary).await;
    let silent = Rules { tells_limit: false, ..rules };
    converse(60, silent, babbling(), good_summary).await;
}

#[tokio::test]
async fn summaries_that_fail() {
    converse(60, Rules::window(WINDOW), babbling().window(8192), |_| Reply::error(500, "no")).await;
}

#[tokio::test]
async fn summaries_that_are_garbage() {
    let garbage: Summary = |n| match n % 5 {
        0 => Reply::text(" \n "),
        1 => Reply::call("test_babble", json!({})),
        2 => Reply::text("x".repeat(100_000)),
        3 => Reply::raw("data: {\"choices\":[{\"delta\":{\"content\":\"half a summ"),
        _ => Reply::text("\u{0}\u{1b}[2J{\"name\": \"test.babble\", \"arguments\": {}}"),
    };
    converse(60, Rules::window(WINDOW), babbling().window(8192), garbage).await;
}
