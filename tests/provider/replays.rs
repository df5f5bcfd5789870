//! Recorded streams, replayed in random pieces: one or more per known oddity of servers.

use crate::{
    ask::{Asked, ask, endpoint, once, simple},
    support::fake_openai::{FakeOpenAi, Reply, Rules},
};
use openpista::domain::chat::{ChatError, Delta};
use serde_json::json;

/// How many ways each stream is cut.
const CUTS: u64 = 12;

/// Replays a stream in one piece and in random ones; all must tell the same.
pub(crate) async fn replay(name: &str) -> Asked {
    replay_bytes(name, Reply::fixture(name)).await
}

/// The same for a stream that is put together by a test.
pub(crate) async fn replay_bytes(name: &str, reply: Reply) -> Asked {
    let whole = FakeOpenAi::start([reply.clone()]);
    let wanted = ask(&simple(&whole)).await;
    for seed in 0..CUTS {
        let fake = FakeOpenAi::with(Rules::seeded(seed), [reply.clone()]);
        let asked = ask(&simple(&fake)).await;
        assert_eq!(told(&asked), told(&wanted), "{name}, cut {seed}");
        assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
    }
    if let Ok(response) = &wanted.result {
        assert_eq!(wanted.shown(), response.message.text, "{name}: the deltas tell the text");
    }
    wanted
}

/// All but our own ids, addresses and the time it took.
fn told(asked: &Asked) -> String {
    let outcome = match &asked.result {
        Ok(response) => {
            let m = &response.message;
            let extras: Vec<_> = m.calls.iter().map(|c| json!(c.extras)).collect();
            format!(
                "{} {:?} {extras:?} {} {:?} {}",
                m.text,
                asked.calls(),
                json!(m.extras),
                response.usage,
                response.cut
            )
        }
        Err(ChatError::AllFailed(list)) => {
            let words = |m: &str| m.split_once("/v1: ").map_or(m, |(_, m)| m).to_owned();
            format!("{:?}", list.iter().map(|a| (a.status, words(&a.message))).collect::<Vec<_>>())
        }
        Err(other) => other.to_string(),
    };
    format!("{outcome} {} {}", asked.shown(), asked.reasoning())
}

async fn text_of(name: &str) -> String {
    replay(name).await.ok().message.text.clone()
}

async fn calls_of(name: &str) -> Vec<String> {
    replay(name).await.calls()
}

#[tokio::test]
async fn row_00_the_usual() {
    let asked = replay("00-openai-text").await;
    let response = asked.ok();
    assert_eq!(response.message.text, "Grüße, 안녕 🌍!");
    assert_eq!((response.usage.input, response.usage.output, response.usage.estimated), (20, 7, false));
    assert_eq!((response.model.as_str(), response.message.origin.as_str()), ("fake/m", "fake"));
    assert!(!response.cut);
}

#[tokio::test]
async fn row_01_calls_without_index() {
    assert_eq!(
        calls_of("01-gemini-without-index").await,
        [r#"fs.read {"path":"/a"}"#, r#"fs.read {"path":"/b"}"#]
    );
    assert_eq!(
        calls_of("01-split-without-index").await,
        [r#"fs.read {"path":"/a"}"#, r#"system.run {"argv":["ls"]}"#]
    );
}

#[tokio::test]
async fn row_02_two_calls_on_one_index() {
    assert_eq!(
        calls_of("02-second-call-on-same-index").await,
        [r#"fs.read {"path":"/a"}"#, r#"fs.read {"path":"/b"}"#, r#"system.run {"argv":["ls"]}"#]
    );
}

#[tokio::test]
async fn row_03_names_and_ids_said_again() {
    assert_eq!(calls_of("03-lmstudio-repeats").await, [r#"fs.read {"path":"/a"}"#]);
}

#[tokio::test]
async fn row_04_whole_calls_in_one_chunk() {
    assert_eq!(
        calls_of("04-ollama-whole-calls").await,
        [r#"fs.read {"path":"/a"}"#, r#"system.run {"argv":["ls","-l"]}"#, "weather {}"]
    );
}

#[tokio::test]
async fn row_04_no_stream_at_all() {
    let body = include_str!("../fixtures/openai/04-plain-json.json");
    for kind in ["application/json", "text/event-stream", "text/plain"] {
        let reply = if kind == "text/event-stream" {
            Reply::raw(format!("data: {}\n\n", body.replace('\n', " ")))
        } else {
            Reply::page(200, kind, body)
        };
        let fake = FakeOpenAi::start([reply]);
        let asked = ask(&simple(&fake)).await;
        assert_eq!(
            (asked.shown().as_str(), asked.calls()),
            ("Looking.", vec![r#"fs.read {"path":"/a"}"#.to_owned()]),
            "{kind}"
        );
        assert_eq!(asked.ok().usage.input, 12);
    }
}

#[tokio::test]
async fn row_04_streaming_switched_off_when_tools_are_on_offer() {
    let fake = FakeOpenAi::start([Reply::call("fs_read", json!({"path": "/a"}))]);
    let mut endpoint = endpoint(&fake.url());
    endpoint.dialect.insert("stream_tools".into(), false.into());
    assert_eq!(ask(&once(endpoint)).await.calls(), [r#"fs.read {"path":"/a"}"#]);
    assert_eq!(fake.requests()[0].body["stream"], false);
}

#[tokio::test]
async fn row_05_ids_of_our_own() {
    let asked = replay("05-ids-missing-or-twice").await;
    let calls = &asked.ok().message.calls;
    assert_eq!(calls.len(), 4);
    let ids: std::collections::BTreeSet<_> = calls.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids.len(), 4, "each call has an id of its own");
    assert_eq!(calls[1].extras["id"], "dup");
    assert!(!calls[0].extras.contains_key("id"));
}

#[tokio::test]
async fn row_06_mistral() {
    let asked = replay("06-mistral").await;
    assert_eq!(asked.ok().message.calls[0].extras["id"], "D681PevKs");
    assert_eq!(asked.ok().usage.input, 94);
}

#[tokio::test]
async fn row_07_arguments_in_all_forms() {
    assert_eq!(
        calls_of("07-arguments").await,
        [
            "weather {}",
            "weather {}",
            r#"fs.read {"path":"/object"}"#,
            r#"fs.read !{"path": /broken}"#,
            r#"fs.read {"path":"/twice"}"#,
            r#"fs.read {"path":"line 1\nline 2"}"#,
        ]
    );
}

#[tokio::test]
async fn row_08_calls_written_as_text() {
    for (name, text, call) in [
        ("08-qwen-call-in-text", "Let me look.", r#"fs.read {"path":"/a"}"#),
        ("08-xml-call-in-text", "", r#"system.run {"argv":["ls","<b>"]}"#),
        ("08-fenced-call-in-text", "I will use a tool.", r#"fs.read {"path":"/a"}"#),
        ("08-bare-call-in-text", "", r#"fs.read {"path":"/a"}"#),
        ("08-mistral-call-in-text", "", r#"fs.read {"path":"/a"}"#),
        ("08-invoke-call-in-text", "Checking.", r#"fs.read {"path":"/a"}"#),
    ] {
        let asked = replay(name).await;
        assert_eq!((asked.shown().trim(), asked.calls()), (text, vec![call.to_owned()]), "{name}");
    }
    let asked = replay("08-undeclared-in-text").await;
    assert!(asked.calls().is_empty() && asked.shown().contains("rm_rf"), "no tool of that name was declared");
}

#[tokio::test]
async fn row_08_switched_off() {
    let fake = FakeOpenAi::start([Reply::fixture("08-bare-call-in-text")]);
    let mut endpoint = endpoint(&fake.url());
    endpoint.dialect.insert("text_tool_calls".into(), false.into());
    let asked = ask(&once(endpoint)).await;
    assert!(asked.calls().is_empty() && asked.shown().starts_with('{'));
}

#[tokio::test]
async fn row_09_stop_although_there_are_calls() {
    assert_eq!(calls_of("09-stop-with-calls").await, [r#"fs.read {"path":"/a"}"#]);
}

#[tokio::test]
async fn row_10_odd_finish_reasons() {
    assert_eq!(text_of("10-empty-finish-reasons").await, "Hello");
    assert_eq!(text_of("10-null-to-the-end").await, "Hello");
    assert!(replay("10-finish-error").await.error().contains("error of its own"));
    let cut = replay("10-length").await;
    assert!(cut.ok().cut);
    assert_eq!(cut.calls(), [r#"fs.read !(cut by the length limit) {"path":"/et"#]);
}

#[tokio::test]
async fn row_11_text_in_the_last_chunk() {
    assert_eq!(text_of("11-text-with-finish").await, "All of it.");
}

#[tokio::test]
async fn row_12_errors_inside_the_stream() {
    for (name, words) in [
        ("12-openrouter-error", "HTTP 502: Provider returned error: upstream overloaded"),
        ("12-vllm-error", "HTTP 500: engine died"),
        ("12-error-as-string", "model runner has unexpectedly stopped"),
        ("12-broken-json", r#"broken JSON: {"id":"x","choices":[{"delta":{"content":"lost""#),
    ] {
        let error = replay(name).await.error();
        assert!(error.contains(words), "{name}: {error}");
    }
    let asked = replay("12-context-error").await;
    assert!(
        matches!(asked.result, Err(ChatError::ContextOverflow { limit: Some(4096), .. })),
        "{:?}",
        asked.result
    );
}

#[tokio::test]
async fn row_13_truncated_answers_are_errors() {
    for name in ["13-truncated-call", "13-truncated-text"] {
        let error = replay(name).await.error();
        assert!(error.contains("the stream ended before the answer did"), "{name}: {error}");
    }
    assert_eq!(text_of("13-finish-without-done").await, "Whole.");
    assert_eq!(text_of("13-last-event-unterminated").await, "Whole.");
}

#[tokio::test]
async fn row_14_comments_line_ends_and_pings() {
    assert_eq!(text_of("14-comments-crlf-pings").await, "Zeilen – 끝");
}

#[tokio::test]
async fn row_15_chunks_without_anything() {
    assert_eq!(text_of("15-azure").await, "Hello");
    assert_eq!(text_of("15-second-choice").await, "yes");
}

#[tokio::test]
async fn row_16_usage() {
    for (name, input, output) in
        [("16-usage-in-every-chunk", 10, 3), ("16-usage-with-cost", 100, 50), ("16-usage-groq", 9, 4)]
    {
        let usage = replay(name).await.ok().usage;
        assert_eq!((usage.input, usage.output, usage.estimated), (input, output, false), "{name}");
    }
    assert_eq!(replay("16-usage-with-cost").await.ok().usage.usd, Some(0.00375));
    for name in ["16-usage-zeros", "16-usage-absent"] {
        let usage = replay(name).await.ok().usage;
        assert!(usage.estimated && usage.input > 20 && usage.output == 5, "{name}: {usage:?}");
    }
}

#[tokio::test]
async fn row_17_reasoning_never_shows() {
    let asked = replay("17-deepseek-reasoning").await;
    assert_eq!((asked.shown().as_str(), asked.reasoning().as_str()), ("", "Let me see."));
    assert_eq!(asked.ok().message.extras["reasoning_content"], "Let me see.");
    let asked = replay("17-openrouter-reasoning").await;
    assert_eq!((asked.shown().as_str(), asked.reasoning().as_str()), ("Yes.", "Hm..."));
    assert_eq!(
        asked.ok().message.extras["reasoning_details"],
        json!([{"type":"reasoning.text","text":"Hm...","format":"anthropic-claude-v1","index":0,"signature":"SIG=="}])
    );
    let asked = replay("17-think-in-text").await;
    assert_eq!((asked.shown().as_str(), asked.reasoning().trim()), ("Hello!", "The user's secret plan"));
    let asked = replay("17-magistral-parts").await;
    assert_eq!((asked.shown().as_str(), asked.reasoning().as_str()), ("Hello", "Hm."));
}

#[tokio::test]
async fn row_17_tags_without_their_partner() {
    let asked = replay("17-think-without-opening").await;
    assert_eq!((asked.shown().as_str(), asked.reasoning().trim()), ("Hello!", "First I should greet."));
    assert!(asked.deltas.iter().any(|d| matches!(d, Delta::Restart { .. })), "what was shown is taken back");
    let asked = replay("17-think-never-closed").await;
    assert_eq!(asked.shown(), "Hello is the answer.", "the only words there are");
    let asked = replay("17-think-cut").await;
    assert!(asked.ok().cut && asked.shown().is_empty());
}

#[tokio::test]
async fn row_18_signatures_are_kept() {
    let asked = replay("18-gemini-signature").await;
    let call = &asked.ok().message.calls[0];
    assert_eq!(call.extras["extra_content"], json!({"google": {"thought_signature": "CiQBx=="}}));
}

#[tokio::test]
async fn what_is_scripted_arrives_in_any_pieces() {
    for seed in 0..CUTS {
        let calls = [("fs_read", json!({"path": "/ü/한국어/🌍"})), ("system_run", json!({"argv": ["ls"]}))];
        let fake = FakeOpenAi::with(Rules::seeded(seed), [Reply::text_and_calls("Grüße 🌍, 안녕", calls)]);
        let asked = ask(&simple(&fake)).await;
        assert_eq!(asked.shown(), "Grüße 🌍, 안녕");
        assert_eq!(asked.calls(), [r#"fs.read {"path":"/ü/한국어/🌍"}"#, r#"system.run {"argv":["ls"]}"#]);
        assert!(!asked.ok().usage.estimated, "the server was asked for its counts");
    }
}
