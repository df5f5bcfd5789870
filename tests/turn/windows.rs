//! One turn that is too large for the model by itself.

use crate::{
    rig::{Asked, Plan, Rig, overflows},
    support::fake_openai::{FakeOpenAi, Reply, Request, Rules},
    tools::{Random, babbler, tool},
};
use openpista::domain::{JsonMap, message::Message};
use serde_json::{Value, json};

const WINDOW: usize = 8192;

fn small() -> Rules {
    Rules::window(WINDOW)
}

#[tokio::test]
async fn a_question_of_200_kb() {
    for (rules, window) in
        [(small(), Some(8192)), (small(), None), (Rules { tells_limit: false, ..small() }, None)]
    {
        let fake = FakeOpenAi::answering_with(rules, |request| {
            let whole = request.is_summary() || request.last_text().contains("so what?");
            Reply::text(if whole { "nothing" } else { "its end is gone" })
        });
        let mut plan = Plan::default();
        plan.endpoint.context_window = window;
        let rig = plan.on(&fake).await;
        for seed in 1..6 {
            let text = format!("begin {} so what?", Random::new(seed).text(200_000));
            assert_eq!(Rig::answered(&rig.turn(&text).await), "nothing");
            assert!(
                matches!(&rig.messages().await[..], [Message::User { text: stored }, ..] if stored.len() >= 200_000)
            );
        }
        println!("{} requests were too long", overflows(&fake));
    }
}

#[tokio::test]
async fn thirty_rounds_in_one_turn() {
    let fake =
        FakeOpenAi::answering_with(small(), |request| match request.results_behind("the only question") {
            Some(_) if request.requests_so_far() < 30 => {
                Reply::call("test_babble", json!({"round": request.requests_so_far()}))
            }
            found => Reply::text(format!("question there: {}", found.is_some())),
        });
    let rig = Plan::with([babbler()]).window(8192).rounds(50).on(&fake).await;
    let outcome = rig.turn("the only question").await;
    assert_eq!((Rig::answered(&outcome), outcome.rounds), ("question there: true", 30));
    rig.assert_whole().await;
    println!("{} requests were too long", overflows(&fake));
}

#[tokio::test]
async fn the_closing_answer_in_a_full_window() {
    let fake = FakeOpenAi::answering_with(small(), |request| {
        match request.results_behind("do it") {
            None => Reply::text("the question is gone"),
            // It goes on for ever where it may.
            Some(_) if request.body.get("tools").is_some() => {
                let round = request.requests_so_far();
                let calls: Vec<_> =
                    (0..3).map(|n| ("test_babble", json!({"round": round, "n": n}))).collect();
                Reply::calls(calls)
            }
            Some(_) => {
                assert!(request.last_text().contains("used all 10 rounds"), "{}", request.last_text());
                Reply::text_and_calls("that was it", [("test_babble", json!({}))])
            }
        }
    });
    let rig = Plan::with([babbler()]).window(8192).on(&fake).await;
    for _ in 0..4 {
        let outcome = rig.turn("do it").await;
        assert_eq!((Rig::answered(&outcome), outcome.rounds), ("that was it", 10));
    }
    rig.assert_whole().await;
    println!("{} requests were too long", overflows(&fake));
}

#[tokio::test]
async fn calls_with_huge_arguments() {
    let mut asked = 0;
    let fake =
        FakeOpenAi::answering_with(small(), move |request| match request.results_behind("write them") {
            _ if request.is_summary() => Reply::text("they were written"),
            Some(_) if asked % 6 < 5 => {
                asked += 1;
                let n = asked;
                let mut random = Random::new(n);
                let nested = json!([{"text": random.text(20_000)}, vec![random.text(100); 100]]);
                let args = json!({"content": random.text(60_000), "n": n, "more": nested});
                Reply::calls([("test_length", args), ("test_length", json!({"small": n}))])
            }
            found => {
                asked += 1;
                Reply::text(if found.is_some() { "written" } else { "the question is gone" })
            }
        });
    let lengths =
        tool("test.length", |args: JsonMap| async move { Value::Object(args).to_string().len().to_string() });
    let rig = Plan::with([lengths]).window(8192).on(&fake).await;
    for _ in 0..3 {
        assert_eq!(Rig::answered(&rig.turn("write them").await), "written");
    }
    let whole =
        rig.messages().await.iter().any(|m| m.text().parse().is_ok_and(|length: usize| length > 80_000));
    assert!(whole, "the tool gets its arguments uncut");
    rig.assert_whole().await;
    println!("{} requests were too long", overflows(&fake));
}

#[tokio::test]
async fn reasoning_that_the_server_wants_back() {
    let rules = Rules { extra_message_fields: vec!["reasoning_content"], ..small() };
    let fake = FakeOpenAi::answering_with(rules, |request| match request.results_behind("think hard") {
        None => Reply::text("the question is gone"),
        Some(_) => {
            let n = request.requests_so_far() % 9;
            let thought = Random::new(n as u64 + 1).text(15_000);
            let call = json!([{"index": 0, "id": format!("c{n}"), "type": "function",
                "function": {"name": "test_babble", "arguments": format!("{{\"round\":{n}}}")}}]);
            let delta = match n < 8 {
                true => json!({"reasoning_content": thought, "tool_calls": call}),
                false => json!({"reasoning_content": thought, "content": "thought"}),
            };
            let chunk = json!({"choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]});
            Reply::raw(format!("data: {chunk}\n\ndata: [DONE]\n\n"))
        }
    });
    let mut plan = Plan::with([babbler()]).window(8192);
    plan.endpoint.dialect = json!({"replay_reasoning": true}).as_object().expect("an object").clone();
    let rig = plan.on(&fake).await;
    for _ in 0..3 {
        assert_eq!(Rig::answered(&rig.turn("think hard").await), "thought");
    }
    let sent =
        fake.requests().iter().any(|r| r.messages().iter().any(|m| m.get("reasoning_content").is_some()));
    assert!(sent, "it goes back where there is room");
    let too_long = overflows(&fake);
    assert!(too_long < 6, "{too_long} requests were too long");
}

#[tokio::test]
async fn what_cannot_fit_is_told() {
    let fake = FakeOpenAi::answering_with(Rules::window(100), |_| Reply::text("never"));
    let mut rig = Plan::default().on(&fake).await;
    let mut input = rig.input("hi", Default::default());
    input.prompt = "rules ".repeat(1000);
    let outcome = rig.agent.turn(input).await;
    let (kind, words) = Rig::failed(&outcome);
    assert!(kind == "model" && words.contains("context window"), "{kind} {words}");
    assert_eq!(rig.last_status(), "failed");
    assert!(overflows(&fake) < 10);
    // A session that once did not fit is not lost.
    let other = FakeOpenAi::start([Reply::text("hello")]);
    let next = Plan::default().on(&other).await;
    rig.agent = next.agent.clone();
    assert!(rig.memory.messages(&rig.session).await.is_ok());
}

trait Counted {
    fn requests_so_far(&self) -> usize;
}

impl Counted for Request {
    /// The rounds that the request itself tells of: each call has its number in its arguments.
    fn requests_so_far(&self) -> usize {
        let rounds = self.messages().iter().filter_map(|m| {
            let arguments = m["tool_calls"][0]["function"]["arguments"].as_str()?;
            serde_json::from_str::<Value>(arguments).ok()?["round"].as_u64()
        });
        rounds.max().map_or(0, |last| last as usize + 1)
    }
}
