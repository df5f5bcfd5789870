//! Models and servers that say strange things.

use crate::{
    rig::{Asked, Plan, Rig},
    support::fake_openai::{FakeOpenAi, Reply},
    tools::tool,
};
use serde_json::{Value, json};

fn chunk(delta: &Value) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]}))
}

fn echo() -> Plan {
    Plan::with([tool("test.echo", |args| async move { format!("{} arguments", args.len()) })])
}

/// A model that makes one call with these argument pieces, then answers; two turns.
async fn two_turns(pieces: Vec<String>) -> (Rig, FakeOpenAi) {
    let fake = FakeOpenAi::answering(move |request| {
        match (request.results_behind("first"), request.results_behind("second")) {
            (Some(0), None) => {
                let mut body = chunk(
                    &json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "test_echo"}}]}),
                );
                for piece in &pieces {
                    body += &chunk(&json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}));
                }
                Reply::raw(
                    body + "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n",
                )
            }
            _ => Reply::text("fine"),
        }
    });
    let rig = echo().on(&fake).await;
    rig.turn("first").await;
    let outcome = rig.turn("second").await;
    assert_eq!(Rig::answered(&outcome), "fine", "the conversation goes on");
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
    rig.assert_whole().await;
    (rig, fake)
}

#[tokio::test]
async fn arguments_nested_deeper_than_anything() {
    for depth in [10, 100, 120, 124, 125, 126, 127, 128, 129, 200, 10_000, 500_000] {
        let nested = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        two_turns(vec![nested]).await;
        let lists = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        two_turns(vec![lists]).await;
    }
}

#[tokio::test]
async fn many_objects_in_one_string() {
    two_turns(vec!["{}".repeat(200_000)]).await;
    two_turns(vec!["{}".into(); 2_000]).await;
    two_turns(vec!["{\"a\":1} ".repeat(3)]).await;
}

#[tokio::test]
async fn fields_nested_deeper_than_the_memory_reads() {
    for depth in [100, 115, 118, 119, 120, 121, 122, 123, 124, 126] {
        let nested: String = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let fake = FakeOpenAi::answering(move |request| match request.results_behind("first") {
            Some(_) => Reply::raw(format!(
                "data: {{\"choices\":[{{\"delta\":{{\"content\":\"x\",\"extra_content\":{nested}}}}}]}}\n\ndata: \
                 {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
            )),
            None => Reply::text("fine"),
        });
        let rig = echo().on(&fake).await;
        rig.turn("first").await;
        let outcome = rig.turn("2nd").await;
        assert!(
            !matches!(&outcome.end, openpista::domain::outcome::TurnEnd::Failed { kind: "storage", .. }),
            "{depth}: {outcome:?}"
        );
        assert!(rig.memory.messages(&rig.session).await.is_ok(), "{depth}");
    }
}

#[tokio::test]
async fn counts_beyond_all_numbers() {
    for usage in [
        json!({"prompt_tokens": u64::MAX, "completion_tokens": u64::MAX}),
        json!({"prompt_tokens": 1e300, "completion_tokens": -5}),
        json!({"prompt_tokens": i64::MAX, "completion_tokens": 1, "cost": 1e308}),
        json!({"prompt_tokens": "many", "completion_tokens": [1]}),
    ] {
        let fake = FakeOpenAi::answering(move |_| {
            Reply::raw(format!(
                "data: {}\n\ndata: [DONE]\n\n",
                json!({"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}], "usage": usage})
            ))
        });
        let rig = echo().on(&fake).await;
        for _ in 0..3 {
            assert_eq!(Rig::answered(&rig.turn("go").await), "x");
        }
    }
}

#[tokio::test]
async fn texts_of_all_characters_come_back_as_they_were() {
    let strange = "\u{1}\u{7f}\u{85}\u{2028}\u{feff}\u{fffd}\u{10ffff}\r\n\t\"\\/é漢🦀".to_owned();
    let said = strange.clone();
    let fake = FakeOpenAi::answering(move |_| Reply::text(format!("x{said}x")));
    let rig = echo().on(&fake).await;
    rig.turn(&format!("y{strange}y")).await;
    rig.turn("again").await;
    let requests = fake.requests();
    let sent: Vec<_> =
        requests[1].messages().iter().map(|m| m["content"].as_str().unwrap_or_default()).collect();
    assert!(sent.contains(&format!("y{strange}y").as_str()), "{sent:?}");
    assert!(sent.contains(&format!("x{strange}x").as_str()), "{sent:?}");
}
