//! What is sent.

use crate::{
    ask::{SYSTEM, ask, ask_with, endpoint, map, once, provider, quick, simple, tool, tools},
    support::fake_openai::{FakeOpenAi, Reply, Rules},
};
use openpista::{
    domain::{
        chat::{ChatRequest, LlmProvider},
        message::Message,
        secret::{Secret, SecretRef},
    },
    llm::{Backend, KeySource, Route, Router, openai::OpenAiProvider},
};
use serde_json::json;

#[tokio::test]
async fn nothing_is_sent_that_is_not_set() {
    let fake = FakeOpenAi::start([Reply::text("a"), Reply::text("b")]);
    let llm = simple(&fake);
    ask_with(&llm, "", &[Message::user("hi")], &[]).await.ok();
    let request = ChatRequest {
        model: "fake/other",
        system: "",
        messages: &[Message::user("hi")],
        tools: &tools(),
        max_tokens: Some(77),
    };
    llm.chat(request, &mut |_| {}).await.expect("an answer");
    let sent = fake.requests();
    assert_eq!(
        sent[0].body,
        json!({"model": "m", "stream": true, "stream_options": {"include_usage": true}, "messages": [
            {"role": "system", "content": SYSTEM}, {"role": "user", "content": "hi"},
        ]})
    );
    assert_eq!(sent[1].body["model"], "other");
    assert_eq!(sent[1].body["max_tokens"], 77);
    assert_eq!(sent[1].body["messages"], json!([{"role": "user", "content": "hi"}]));
    assert!(sent[1].body.get("tool_choice").is_none(), "some servers refuse its object form");
    assert!(sent[0].header("authorization").is_none());
    assert!(sent[0].header("user-agent").is_some_and(|a| a.starts_with("openpista/")));
}

#[tokio::test]
async fn the_same_request_is_the_same_byte_for_byte() {
    let fake = FakeOpenAi::answering(|_| Reply::text("a"));
    let (mut reversed, llm) = (tools(), simple(&fake));
    reversed.reverse();
    ask(&llm).await.ok();
    ask(&llm).await.ok();
    ask_with(&llm, "", &[Message::user("hi")], &reversed).await.ok();
    let sent = fake.requests();
    assert_eq!(sent[0].body.to_string(), sent[1].body.to_string());
    let names = |n: usize| {
        sent[n].body["tools"]
            .as_array()
            .expect("tools")
            .iter()
            .map(|t| t["function"]["name"].to_string())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(0), names(2));
}

#[tokio::test]
async fn connections_are_used_again() {
    let fake = FakeOpenAi::answering(|_| Reply::text("a"));
    let llm = simple(&fake);
    for _ in 0..5 {
        ask(&llm).await.ok();
        // The rest behind the end mark is read off in the background.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(fake.connections(), 1);
}

#[tokio::test]
async fn row_26_extra_fields_and_headers() {
    let rules = Rules { extra_fields: vec!["chat_template_kwargs"], ..Rules::default() };
    let fake = FakeOpenAi::with(rules, [Reply::text("a")]);
    let mut endpoint = endpoint(&fake.url());
    endpoint.dialect = map(json!({
        "extra_body": {"chat_template_kwargs": {"enable_thinking": false}, "temperature": 0.2, "stream_options": null},
        "extra_headers": {"X-Title": "test"},
        "system_role": "developer", "max_tokens_field": "max_completion_tokens", "parallel_tool_calls": false,
    }));
    ask(&once(endpoint)).await.ok();
    let sent = &fake.requests()[0];
    assert_eq!(sent.body["chat_template_kwargs"], json!({"enable_thinking": false}));
    assert_eq!((&sent.body["temperature"], &sent.body["parallel_tool_calls"]), (&json!(0.2), &json!(false)));
    assert!(sent.body.get("stream_options").is_none(), "null takes a field away");
    assert_eq!(sent.header("x-title"), Some("test"));
    assert_eq!(sent.messages()[0]["role"], "developer");
}

#[tokio::test]
async fn row_28_names_and_row_29_schemas() {
    let odd = ["system.run", "system_run", "9 lives", "도구", &"long.".repeat(30), "a.b", "a/b", "a_b"];
    let mut offered: Vec<_> = odd.iter().map(|name| tool(name)).collect();
    offered[2].parameters = json!({"properties": {"list": {"type": "array"}}}).into();
    offered[3].parameters = json!(null).into();
    let fake = FakeOpenAi::answering(|request| {
        let names = request.body["tools"]
            .as_array()
            .expect("tools")
            .iter()
            .map(|t| t["function"]["name"].as_str().expect("a name"));
        Reply::calls(names.map(|name| (name, json!({}))).collect::<Vec<_>>())
    });
    let asked = ask_with(&simple(&fake), "", &[Message::user("hi")], &offered).await;
    let called: Vec<_> = asked.ok().message.calls.iter().map(|c| c.name.clone()).collect();
    assert_eq!(called, odd, "each name comes back as what it stands for");
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
}

#[tokio::test]
async fn row_28_a_name_with_its_dot_is_understood() {
    let fake = FakeOpenAi::start([Reply::calls([("system.run", json!({})), ("unheard.of", json!({}))])]);
    assert_eq!(ask(&simple(&fake)).await.calls(), ["system.run {}", "unheard.of {}"]);
}

fn key(read: impl Fn() -> Result<Option<Secret>, String> + Send + Sync + 'static) -> Option<KeySource> {
    Some(KeySource::new(SecretRef::Env("FAKE_KEY".into()), read))
}

#[tokio::test]
async fn the_key_is_read_when_needed_and_once() {
    let rules = Rules { key: Some("sk-fake-1234567890".into()), ..Rules::default() };
    let fake = FakeOpenAi::answering_with(rules, |_| Reply::text("a"));
    let reads = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = reads.clone();
    let mut endpoint = endpoint(&fake.url());
    endpoint.api_key = key(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(Some(Secret::new("sk-fake-1234567890\n")))
    });
    let llm = once(endpoint);
    assert_eq!(reads.load(std::sync::atomic::Ordering::SeqCst), 0);
    ask(&llm).await.ok();
    ask(&llm).await.ok();
    assert_eq!(reads.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_missing_key_says_what_to_set() {
    let fake = FakeOpenAi::start([]);
    for (read, words) in [
        (Ok(None), "set the environment variable FAKE_KEY"),
        (Err("no such file".to_owned()), "can't be read: no such file"),
    ] {
        let mut endpoint = endpoint(&fake.url());
        endpoint.api_key = key(move || read.clone());
        let error = ask(&once(endpoint)).await.error();
        assert!(error.contains(words) && error.contains("fake"), "{error}");
    }
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn a_refused_key_is_read_anew() {
    let rules = Rules { key: Some("the-new-key".into()), ..Rules::default() };
    let fake = FakeOpenAi::answering_with(rules, |_| Reply::text("a"));
    let keys = std::sync::Mutex::new(vec!["the-new-key", "the-old-key"]);
    let mut endpoint = endpoint(&fake.url());
    endpoint.api_key = key(move || Ok(keys.lock().expect("keys").pop().map(Secret::new)));
    let llm = once(endpoint);
    assert!(ask(&llm).await.error().contains("HTTP 401"));
    ask(&llm).await.ok();
}

#[tokio::test]
async fn the_key_is_never_repeated() {
    const KEY: &str = "sk-very-secret-0123456789";
    let echo = json!({"error": {"message": format!("Incorrect API key provided: {KEY} (Bearer {KEY})")}});
    for reply in [
        Reply::error_body(401, &echo),
        Reply::error_body(500, &echo),
        Reply::page(404, "text/plain", format!("no {KEY} here")),
        Reply::page(200, "text/html", format!("<html>{KEY}</html>")),
        Reply::raw(format!("data: {echo}\n\n")),
        Reply::raw(format!("data: {{\"x\": {KEY}\n\n")),
    ] {
        let fake = FakeOpenAi::start([reply]);
        let mut endpoint = endpoint(&fake.url());
        endpoint.api_key = key(|| Ok(Some(Secret::new(KEY))));
        let asked = ask(&once(endpoint)).await;
        let error = format!("{} {:?}", asked.error(), asked.result);
        assert!(!error.contains("very-secret") && error.contains("[secret]"), "{error}");
        assert_eq!(fake.requests()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    }
}

#[tokio::test]
async fn a_key_that_no_header_can_carry() {
    let fake = FakeOpenAi::start([]);
    let mut endpoint = endpoint(&fake.url());
    endpoint.api_key = key(|| Ok(Some(Secret::new("two\nlines"))));
    let error = ask(&once(endpoint)).await.error();
    assert!(error.contains("line end") && !error.contains("two"), "{error}");
}

#[test]
fn bad_endpoints_are_told_at_once() {
    for (url, dialect, words) in [
        ("ftp://x", json!({}), "http://"),
        ("http://127.0.0.1:1", json!({"stream_tool": true}), "did you mean \"stream_tools\""),
        ("http://127.0.0.1:1", json!({"extra_headers": {"a b": "c"}}), "a b"),
    ] {
        let mut endpoint = endpoint(url);
        endpoint.dialect = map(dialect);
        let error = OpenAiProvider::new("x", endpoint, Default::default()).err().expect("an error");
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn prices_make_costs() {
    let fake = FakeOpenAi::start([Reply::fixture("16-usage-groq"), Reply::fixture("16-usage-with-cost")]);
    let mut priced = endpoint(&fake.url());
    priced.price = Some((1_000_000.0, 2_000_000.0));
    let llm = once(priced);
    assert_eq!(ask(&llm).await.ok().usage.usd, Some(17.0));
    assert_eq!(ask(&llm).await.ok().usage.usd, Some(0.00375), "the server's own word counts");
    let free = provider(endpoint(&fake.url()));
    assert_eq!(free.facts("m").price, Some((0.0, 0.0)), "a server on this machine sends no bill");
}

#[tokio::test]
async fn without_a_model_the_server_is_asked_for_its_first() {
    let rules = Rules {
        models: vec![json!({"id": "nomic-embed-text"}), json!({"id": "chatty", "max_model_len": 4096})],
        ..Rules::default()
    };
    let fake = FakeOpenAi::answering_with(rules, |_| Reply::text("a"));
    let llm = Router::new("", quick()).with("fake", Route::new(provider(endpoint(&fake.url()))));
    assert_eq!(ask(&llm).await.ok().model, "fake/chatty");
    ask(&llm).await.ok();
    assert_eq!(llm.facts("").context_window, Some(4096));
    let listings = fake.all_requests().iter().filter(|r| r.method == "GET").count();
    assert_eq!((listings, fake.requests()[1].body["model"].as_str()), (1, Some("chatty")));
}
