//! How a conversation is rendered, whatever it holds.

use crate::{
    ask::{ask, ask_with, assistant, call, endpoint, map, once, provider, quick, result, simple, tools},
    support::fake_openai::{FakeOpenAi, Reply, Rules},
};
use openpista::{
    domain::{call::ToolCall, message::Message},
    llm::{Route, Router},
};
use serde_json::{Value, json};

/// The messages that the server got (without the system prompt), under its own rules.
async fn sent_with(rules: Rules, dialect: Value, messages: &[Message]) -> Vec<Value> {
    let fake = FakeOpenAi::with(rules, [Reply::text("a")]);
    let mut endpoint = endpoint(&fake.url());
    endpoint.dialect = map(dialect);
    ask_with(&once(endpoint), "", messages, &tools()).await.ok();
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
    fake.requests()[0].messages()[1..].to_vec()
}

async fn sent(messages: &[Message]) -> Vec<Value> {
    sent_with(Rules::default(), json!({}), messages).await
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

#[tokio::test]
async fn rows_21_and_22_notices_and_same_roles() {
    let messages = [
        Message::Notice { text: "Earlier talk was summarised.".into() },
        Message::user("one"),
        Message::user("two"),
        assistant("a", &[]),
        assistant("b", &[]),
        Message::user(" "),
    ];
    assert_eq!(
        sent(&messages).await,
        [
            user("[note from the engine] Earlier talk was summarised.\n\none\n\ntwo"),
            json!({"role": "assistant", "content": "a\n\nb"}),
            user("(empty)"),
        ]
    );
}

#[tokio::test]
async fn row_23_there_is_always_a_user() {
    assert_eq!(sent(&[]).await.len(), 1);
    let c = call("weather", json!({}));
    let out = sent(&[assistant("", std::slice::from_ref(&c)), result(&c, "fine")]).await;
    assert_eq!((out[0]["role"].as_str(), out[1]["role"].as_str()), (Some("user"), Some("assistant")));
}

#[tokio::test]
async fn calls_and_results_stay_together() {
    let (a, b, lost) =
        (call("fs.read", json!({"path": "/a"})), call("system.run", json!({})), call("weather", json!({})));
    let messages = [
        Message::user("go"),
        assistant("Reading.", &[a.clone(), b.clone(), lost.clone()]),
        result(&b, "second"),
        Message::user("are you there?"),
        result(&a, ""),
        result(&a, "twice"),
        result(&call("weather", json!({})), "an answer to nothing"),
        assistant("", &[]),
        assistant("Yes.", &[]),
    ];
    let out = sent(&messages).await;
    let roles: Vec<_> = out.iter().map(|m| m["role"].as_str().expect("a role")).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "tool", "tool", "user", "assistant"]);
    let contents: Vec<_> = out[2..5].iter().map(|m| m["content"].as_str().expect("a text")).collect();
    assert_eq!(contents[..2], ["(empty)", "second"]);
    assert!(contents[2].contains("no result was recorded"));
    assert_eq!(
        out[1]["tool_calls"][0]["function"],
        json!({"name": "fs_read", "arguments": "{\"path\":\"/a\"}"})
    );
}

#[tokio::test]
async fn row_07_only_sane_arguments_are_replayed() {
    let broken =
        ToolCall { invalid: Some("{\"path\": ".into()), ..ToolCall::new("fs.read", Default::default()) };
    let out = sent(&[
        Message::user("go"),
        assistant("", std::slice::from_ref(&broken)),
        result(&broken, "bad JSON"),
    ])
    .await;
    assert_eq!(out[1]["tool_calls"][0]["function"]["arguments"], "{}");
}

#[tokio::test]
async fn row_20_content_beside_calls() {
    let c = call("weather", json!({}));
    let messages = [Message::user("go"), assistant("", std::slice::from_ref(&c)), result(&c, "fine")];
    for (form, content) in [("omit", None), ("empty", Some(json!(""))), ("null", Some(Value::Null))] {
        let out = sent_with(Rules::default(), json!({"assistant_content_with_calls": form}), &messages).await;
        assert_eq!(out[1].get("content"), content.as_ref(), "{form}");
    }
    let out = sent(&messages).await;
    assert_eq!(out[1].get("content"), None);
}

#[tokio::test]
async fn row_06_ids_in_the_form_of_the_server() {
    let theirs = ToolCall { extras: map(json!({"id": "D681PevKs"})), ..call("weather", json!({})) };
    let (plain, odd) =
        (call("weather", json!({})), ToolCall { id: "not a ulid!".into(), ..call("weather", json!({})) });
    let calls = [theirs, plain, odd];
    let mut messages = vec![Message::user("go"), assistant("", &calls)];
    messages.extend(calls.iter().map(|c| result(c, "fine")));
    // From another provider: ids are made anew.
    let out = sent_with(Rules::default(), json!({"tool_call_id_format": "mistral9"}), &messages).await;
    for (at, made) in out[1]["tool_calls"].as_array().expect("calls").iter().enumerate() {
        let id = made["id"].as_str().expect("an id");
        assert!(id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric()) && id != "D681PevKs", "{id}");
        assert_eq!(out[2 + at]["tool_call_id"], id);
    }
    // Back to where it came from: its own id, as far as the form allows.
    let Message::Assistant(message) = &mut messages[1] else { panic!("an assistant message") };
    message.origin = "fake".into();
    for form in ["mistral9", "any"] {
        let out = sent_with(Rules::default(), json!({"tool_call_id_format": form}), &messages).await;
        assert_eq!(out[1]["tool_calls"][0]["id"], "D681PevKs", "{form}");
        assert_eq!(out[2]["tool_call_id"], "D681PevKs");
    }
}

#[tokio::test]
async fn row_05_an_id_used_twice_is_sent_once() {
    let twin =
        |path: &str| ToolCall { extras: map(json!({"id": "dup"})), ..call("fs.read", json!({"path": path})) };
    let calls = [twin("/a"), twin("/b")];
    let mut messages =
        vec![Message::user("go"), assistant("", &calls), result(&calls[0], "A"), result(&calls[1], "B")];
    let Message::Assistant(message) = &mut messages[1] else { panic!("an assistant message") };
    message.origin = "fake".into();
    let out = sent(&messages).await;
    assert_eq!(out[1]["tool_calls"][0]["id"], "dup");
    assert_eq!((&out[3]["tool_call_id"], &out[3]["content"]), (&out[1]["tool_calls"][1]["id"], &json!("B")));
}

/// Plays the stream, then asks again with its answer in the history.
async fn echoed(fixture: &str, dialect: Value, other: bool) -> Value {
    let rules = Rules {
        extra_message_fields: vec!["reasoning_content", "reasoning", "reasoning_details", "extra_content"],
        ..Rules::default()
    };
    let fake = FakeOpenAi::with(rules, [Reply::fixture(fixture), Reply::text("done")]);
    let mut endpoint = endpoint(&fake.url());
    endpoint.dialect = map(dialect);
    let llm = Router::new("fake/m", quick()).with("fake", Route::new(provider(endpoint.clone()))).with(
        "another",
        Route::new(
            openpista::llm::openai::OpenAiProvider::new("another", endpoint, Default::default())
                .expect("a provider"),
        ),
    );
    let first = ask(&llm).await;
    let message = first.ok().message.clone();
    let mut messages = vec![Message::user("hi"), Message::Assistant(message.clone())];
    messages.extend(message.calls.iter().map(|c| result(c, "content of /a")));
    ask_with(&llm, if other { "another/m" } else { "" }, &messages, &tools()).await.ok();
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
    fake.requests()[1].messages()[2].clone()
}

#[tokio::test]
async fn rows_18_and_19_what_is_replayed_and_to_whom() {
    let on = || json!({"replay_reasoning": true});
    let sent = echoed("17-deepseek-reasoning", on(), false).await;
    assert_eq!(sent["reasoning_content"], "Let me see.");
    assert_eq!(sent["tool_calls"][0]["id"], "call_0_x");
    let sent = echoed("17-deepseek-reasoning", json!({"replay_reasoning": false}), false).await;
    assert!(sent.get("reasoning_content").is_none(), "{sent}");
    let sent = echoed("17-deepseek-reasoning", on(), true).await;
    assert!(sent.get("reasoning_content").is_none() && sent["tool_calls"][0]["id"] != "call_0_x", "{sent}");
    let sent = echoed("18-gemini-signature", json!({}), false).await;
    assert_eq!(sent["tool_calls"][0]["extra_content"]["google"]["thought_signature"], "CiQBx==");
    let sent = echoed("18-gemini-signature", json!({}), true).await;
    assert!(sent["tool_calls"][0].get("extra_content").is_none(), "{sent}");
    let sent = echoed("17-openrouter-reasoning", on(), false).await;
    assert_eq!(sent["reasoning_details"][0]["signature"], "SIG==");
    assert!(sent.get("reasoning").is_none(), "text without calls needs no thoughts: {sent}");
}

#[tokio::test]
async fn mistral_wants_its_model_to_speak_after_a_tool() {
    let c = call("weather", json!({}));
    let messages = [
        Message::user("go"),
        assistant("", std::slice::from_ref(&c)),
        result(&c, "fine"),
        Message::user("and?"),
    ];
    let out = sent_with(Rules::default(), json!({"assistant_after_tool": true}), &messages).await;
    let roles: Vec<_> = out.iter().map(|m| m["role"].as_str().expect("a role")).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant", "user"]);
}

#[tokio::test]
async fn an_old_call_to_a_tool_that_is_gone_keeps_the_rules() {
    let c = call("gone.tool / 1", json!({}));
    let fake = FakeOpenAi::start([Reply::text("a")]);
    let messages = [Message::user("go"), assistant("", std::slice::from_ref(&c)), result(&c, "fine")];
    ask_with(&simple(&fake), "", &messages, &[]).await.ok();
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
}

/// Histories of any order and completeness: the server's rules always hold.
#[tokio::test]
async fn no_history_breaks_the_rules() {
    let fake = FakeOpenAi::answering(|_| Reply::text("a"));
    let llm = simple(&fake);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |n: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % n
    };
    for round in 0..150 {
        let mut made: Vec<ToolCall> = Vec::new();
        let mut messages = Vec::new();
        for _ in 0..random(12) {
            match random(7) {
                0 => messages.push(Message::user(["", "x", "y"][random(3) as usize])),
                1 => messages.push(Message::Notice { text: "n".into() }),
                2 => messages.push(assistant(["", "t"][random(2) as usize], &[])),
                3 | 4 => {
                    let names = ["fs.read", "fs_read", "odd name", ""];
                    let calls: Vec<_> =
                        (0..=random(3)).map(|_| call(names[random(4) as usize], json!({}))).collect();
                    made.extend(calls.clone());
                    messages.push(assistant(["", "t"][random(2) as usize], &calls));
                }
                _ if made.is_empty() => messages.push(result(&call("stray", json!({})), "r")),
                _ => messages
                    .push(result(&made[random(made.len() as u64) as usize], ["", "r"][random(2) as usize])),
            }
        }
        let asked = ask_with(&llm, "", &messages, &tools()).await;
        assert!(asked.result.is_ok(), "round {round}: {:?}\n{messages:#?}", asked.result);
    }
}
