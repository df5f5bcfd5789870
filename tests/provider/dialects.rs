//! Recorded streams of servers and models that are off the standard in their own ways, replayed in random
//! pieces, also inside of characters.

use crate::{
    ask::{Asked, ask, once, provider, simple},
    replays::{replay, replay_bytes},
    support::fake_openai::{FakeOpenAi, Reply, Rules},
};
use openpista::{
    domain::chat::{ChatError, Delta},
    llm::{RetryPolicy, Route, Router},
};
use serde_json::json;
use std::path::Path;

const CALL: &str = r#"fs.read {"path":"/a"}"#;

/// The end of a stream.
const DONE: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// An event with one piece of text, as the recordings have them.
fn said(text: &str) -> String {
    format!(
        "data: {}\n\n",
        json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]})
    )
}

fn fixture(name: &str) -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openai").join(format!("{name}.sse"));
    std::fs::read_to_string(&path).expect("a recording")
}

/// The recordings whose names begin so.
fn fixtures(start: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openai");
    let names =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let names = names.filter_map(|name| name.to_str().map(|name| name.trim_end_matches(".sse").to_owned()));
    let mut found: Vec<String> = names.filter(|name| name.starts_with(start)).collect();
    found.sort();
    found
}

#[tokio::test]
async fn calls_as_text_of_every_family() {
    let families = fixtures("08-family-");
    assert!(families.len() >= 27, "{families:?}");
    for name in families {
        let asked = replay(&name).await;
        assert_eq!((asked.shown().trim(), asked.calls()), ("", vec![CALL.to_owned()]), "{name}");
        let stream = said("Let me look ") + &said("at it.\n\n") + &fixture(&name);
        let asked = replay_bytes(&name, Reply::raw(stream)).await;
        assert_eq!(
            (asked.shown().trim(), asked.calls()),
            ("Let me look at it.", vec![CALL.to_owned()]),
            "{name}"
        );
    }
}

#[tokio::test]
async fn two_calls_as_text() {
    assert_eq!(replay("08-two-calls").await.calls(), [CALL, "weather {}"]);
}

#[tokio::test]
async fn channels_of_harmony() {
    let asked = replay("08-harmony-whole").await;
    assert_eq!((asked.shown().as_str(), asked.reasoning().as_str()), ("", "I should read it."));
    assert_eq!(asked.calls(), [CALL]);
    let asked = replay("08-harmony-final").await;
    assert_eq!((asked.shown().as_str(), asked.reasoning().as_str()), ("Four.", "Easy."));
    let asked = replay("08-harmony-bare").await;
    assert_eq!((asked.shown().as_str(), asked.reasoning().as_str()), ("four", "We need the sum."));
}

#[tokio::test]
async fn a_call_of_an_unknown_form_is_an_error() {
    let asked = replay("08-unknown-form").await;
    let Err(ChatError::Unreadable { model, message }) = &asked.result else { panic!("{:?}", asked.result) };
    assert!(model == "fake/m" && message.contains("fs_read -> /a"), "{model} {message}");
    assert!(asked.deltas.iter().any(|d| matches!(d, Delta::Restart { .. })), "what was shown is taken back");
    assert_eq!(asked.shown(), "");
}

#[tokio::test]
async fn a_call_of_an_unknown_form_goes_to_the_next_model() {
    let (first, second) =
        (FakeOpenAi::start([Reply::fixture("08-unknown-form")]), FakeOpenAi::start([Reply::text("fine")]));
    let router = Router::new("a/m", RetryPolicy::default())
        .with("a", Route::new(provider(crate::ask::endpoint(&first.url()))).fallback("b/m"))
        .with("b", Route::new(provider(crate::ask::endpoint(&second.url()))));
    let asked = ask(&router).await;
    assert_eq!((asked.ok().message.text.as_str(), asked.shown().as_str()), ("fine", "fine"));
    assert_eq!(first.count(), 1, "it would write the same again");
}

#[tokio::test]
async fn marks_beside_calls_are_left_out() {
    let asked = replay("08-dangling-mark").await;
    assert_eq!((asked.shown().trim(), asked.calls()), ("I look.", vec![CALL.to_owned()]));
}

#[tokio::test]
async fn calls_among_the_thoughts() {
    let asked = replay("08-call-in-reasoning").await;
    assert_eq!((asked.shown().as_str(), asked.calls()), ("", vec![CALL.to_owned()]));
}

#[tokio::test]
async fn names_and_arguments_as_models_write_them() {
    assert_eq!(replay("03-names-with-decoration").await.calls(), [CALL, r#"fs.read {"path":"/b"}"#]);
    assert_eq!(replay("07-python-arguments").await.calls(), [CALL]);
}

#[tokio::test]
async fn surrogate_pairs() {
    assert_eq!(text_of("31-pair-over-two-events").await, "one 😀 two 🌍");
    assert_eq!(text_of("31-half-a-pair").await, "안녕\u{fffd} 하\u{fffd}세요\u{fffd}");
    assert_eq!(
        replay("31-pair-in-arguments").await.calls(),
        [r#"fs.read {"path":"/😀"}"#, r#"fs.read {"path":"/😀"}"#]
    );
    assert_eq!(
        replay("31-half-in-arguments").await.calls(),
        ["fs.read {\"path\":\"현\u{fffd}\"}", "fs.read {\"path\":\"현\u{fffd}\"}"]
    );
    let asked = replay("31-pair-in-reasoning").await;
    assert_eq!((asked.reasoning().as_str(), asked.shown().as_str()), ("hm 🤔", "Yes."));
    assert_eq!(asked.ok().message.extras["reasoning_content"], "hm 🤔");
}

#[tokio::test]
async fn events_that_run_into_each_other() {
    for name in [
        "32-no-blank-lines",
        "32-two-objects-on-one-line",
        "32-glued-data",
        "32-one-object-over-two-lines",
        "32-pretty-printed",
        "32-parted-by-a-proxy",
        "32-bare-objects",
        "33-envelope",
    ] {
        assert_eq!(text_of(name).await, "Hello {\"data: x\"}", "{name}");
    }
    assert_eq!(text_of("32-line-end-in-a-string").await, "one\ntwo\n\ttabbed");
    let error = replay("32-error-behind-half-an-event").await.error();
    assert!(error.contains("HTTP 502: upstream_error: stream_read_error"), "{error}");
}

#[tokio::test]
async fn the_answer_in_the_thoughts() {
    for name in ["33-reasoning-alone", "33-reasoning-field-alone"] {
        let asked = replay(name).await;
        assert_eq!((asked.shown().as_str(), asked.ok().cut), ("The answer is 42.", false), "{name}");
    }
    let analysis = said("<|channel|>analysis<|message|>The answer is 42.<|end|>") + DONE;
    assert_eq!(replay_bytes("analysis", Reply::raw(analysis)).await.shown(), "The answer is 42.");
    let asked = replay("33-reasoning-alone-cut").await;
    assert!(asked.ok().cut && asked.shown().is_empty() && asked.ok().message.text.is_empty());
}

#[tokio::test]
async fn an_answer_in_one_document_is_read_alike() {
    let body = json!({"success": true, "data": {"choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "<tool_call>fs_read<arg_key>path</arg_key><arg_value>/a</arg_value></tool_call>"}}]}});
    let fake = FakeOpenAi::start([Reply::json(&body)]);
    assert_eq!(ask(&simple(&fake)).await.calls(), [CALL]);
    let half = body.to_string().replace("<arg_value>/a", r"<arg_value>/a\ud83d");
    let fake = FakeOpenAi::start([Reply::page(200, "application/json", half)]);
    assert_eq!(ask(&simple(&fake)).await.calls(), ["fs.read {\"path\":\"/a\u{fffd}\"}"]);
}

#[tokio::test]
async fn a_model_that_goes_round_in_a_circle_is_stopped() {
    let fake = FakeOpenAi::answering_with(Rules::seeded(7), |_| {
        Reply::text("I will look at the file now. ".repeat(5_000))
    });
    let asked = ask(&simple(&fake)).await;
    let text = &asked.ok().message.text;
    assert!(text.ends_with("[the model began to repeat itself without end, and was stopped]"), "{text}");
    assert!(text.len() < 40_000 && *text == asked.shown(), "{}", text.len());
    let thought = json!({"reasoning_content": "I should look at it once more. ".repeat(50)});
    let event = format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": thought}]}));
    let fake = FakeOpenAi::start([Reply::raw(event.repeat(200)).then_hang()]);
    let error = ask(&simple(&fake)).await.error();
    assert!(error.contains("went round in a circle"), "{error}");
}

#[tokio::test]
async fn one_line_of_many_megabytes() {
    let text = "{ <x [y `z` \"\\ ".repeat(950 << 10);
    let stream = said(&text) + DONE;
    assert!(stream.len() > 15 << 20);
    let fake = FakeOpenAi::start([Reply::raw(stream)]);
    // With the square of the length this takes minutes.
    let asked = tokio::time::timeout(std::time::Duration::from_secs(120), ask(&simple(&fake))).await;
    let asked: Asked = asked.expect("the time grows with the length alone");
    assert_eq!((asked.ok().message.text.len(), fake.count()), (text.trim_start().len(), 1));
}

#[tokio::test]
async fn text_about_calls_stays_text() {
    for text in [
        "Models of that family write `<tool_call>{\"name\": …}</tool_call>` for it.",
        "```xml\n<tool_call>fs_read</tool_call>\n```\nis no call? It is in a block of XML.",
        "An `<invoke name=\"x\">` element, and <b>bold</b>; a[0] < b[1].",
        "The analysis of fs_read: it reads {\"path\"}.",
    ] {
        let fake = FakeOpenAi::start([Reply::text(text)]);
        let asked = ask(&once(crate::ask::endpoint(&fake.url()))).await;
        assert_eq!(asked.ok().message.text, text);
        assert!(asked.calls().is_empty(), "{text}");
    }
}

async fn text_of(name: &str) -> String {
    replay(name).await.ok().message.text.clone()
}
