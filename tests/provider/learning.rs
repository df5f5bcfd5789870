//! Refusals that teach: the request is mended, sent again, and right from then on.

use crate::{
    ask::{ask, assistant, call, endpoint, map, once, result, simple, tools},
    support::fake_openai::{FakeOpenAi, Reply, Request, Rules},
};
use openpista::domain::{
    chat::{ChatRequest, LlmProvider},
    message::Message,
};
use serde_json::json;

async fn limited(llm: &impl LlmProvider) {
    let request = ChatRequest {
        model: "",
        system: "",
        messages: &[Message::user("hi")],
        tools: &[],
        max_tokens: Some(100),
    };
    llm.chat(request, &mut |_| {}).await.expect("an answer");
}

#[tokio::test]
async fn row_24_the_other_name_of_the_length_limit() {
    for (refused, dialect, good) in [
        ("24-openai-max-tokens.json", "max_tokens", "max_completion_tokens"),
        ("24-mistral-max-completion-tokens.json", "max_completion_tokens", "max_tokens"),
    ] {
        let fake = FakeOpenAi::answering(move |request| match request.body.get(dialect) {
            Some(_) => Reply::error_file(if refused.contains("mistral") { 422 } else { 400 }, refused),
            None => Reply::text("a"),
        });
        let mut endpoint = endpoint(&fake.url());
        endpoint.dialect.insert("max_tokens_field".into(), dialect.into());
        let llm = once(endpoint);
        limited(&llm).await;
        limited(&llm).await;
        let sent = fake.requests();
        assert_eq!(sent.len(), 3, "one lesson, remembered");
        assert_eq!((&sent[1].body[good], &sent[2].body[good]), (&json!(100), &json!(100)));
        assert!(sent[2].body.get(dialect).is_none());
    }
}

#[tokio::test]
async fn an_answer_that_would_not_fit_beside_the_question_is_asked_for_without_a_limit() {
    let words = "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in the \
                 messages, 4000 in the completion). Please reduce the length of the messages or completion.";
    let fake = FakeOpenAi::answering(move |request| match request.body.get("max_tokens") {
        Some(_) => Reply::error(400, words),
        None => Reply::text("a"),
    });
    let llm = simple(&fake);
    limited(&llm).await;
    limited(&llm).await;
    assert_eq!(fake.requests().len(), 3, "the conversation is not made shorter for it");
}

#[tokio::test]
async fn row_24_neither_name_will_do() {
    let rules = Rules { unsupported: vec!["max_tokens", "max_completion_tokens"], ..Rules::default() };
    let fake = FakeOpenAi::answering_with(rules, |_| Reply::text("a"));
    limited(&simple(&fake)).await;
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test]
async fn row_25_unknown_parameters_are_dropped() {
    let rules = Rules { unsupported: vec!["stream_options", "temperature"], ..Rules::default() };
    let fake = FakeOpenAi::answering_with(rules, |_| Reply::text("a"));
    let mut endpoint = endpoint(&fake.url());
    endpoint.dialect = map(json!({"extra_body": {"enable_thinking": false, "temperature": 1, "top_p": 0.5}}));
    let llm = once(endpoint);
    ask(&llm).await.ok();
    ask(&llm).await.ok();
    let sent = fake.requests();
    assert_eq!(sent.len(), 5, "three lessons, remembered: {:?}", fake.refusals());
    let keys: Vec<_> = sent[4].body.as_object().expect("a body").keys().cloned().collect();
    assert_eq!(keys, ["messages", "model", "stream", "tools", "top_p"]);
    assert!(ask(&llm).await.ok().usage.estimated, "no usage was asked for");
}

#[tokio::test]
async fn row_25_lessons_end() {
    let fake = FakeOpenAi::answering(|_| Reply::error(400, "Unsupported value: everything"));
    assert!(ask(&simple(&fake)).await.error().contains("HTTP 400: Unsupported value"));
    assert_eq!(fake.requests().len(), 1, "nothing named, nothing learned");
}

#[tokio::test]
async fn row_25_a_lesson_is_for_its_model() {
    let fake = FakeOpenAi::answering(|request| {
        match request.body["model"] == "old" && request.body.get("stream_options").is_some() {
            true => Reply::error(400, "Unsupported parameter: 'stream_options'"),
            false => Reply::text("a"),
        }
    });
    let llm = simple(&fake);
    for model in ["fake/old", "fake/new", "fake/old"] {
        crate::ask::ask_with(&llm, model, &[Message::user("hi")], &[]).await.ok();
    }
    let with: Vec<_> = fake.requests().iter().map(|r| r.body.get("stream_options").is_some()).collect();
    assert_eq!(with, [true, false, true, false]);
}

/// A conversation with a call in it, under a server that refuses it until it is right.
async fn taught(
    dialect: serde_json::Value,
    script: impl FnMut(&Request) -> Reply + Send + 'static,
) -> Request {
    let rules = Rules { extra_message_fields: vec!["reasoning_content"], ..Rules::default() };
    let fake = FakeOpenAi::answering_with(rules, script);
    let mut endpoint = endpoint(&fake.url());
    endpoint.dialect = map(dialect);
    let c = call("weather", json!({}));
    let mut messages = [Message::user("go"), assistant("", std::slice::from_ref(&c)), result(&c, "fine")];
    if let Message::Assistant(message) = &mut messages[1] {
        message.origin = "fake".into();
        message.extras = map(json!({"reasoning_content": "hm"}));
    }
    crate::ask::ask_with(&once(endpoint), "", &messages, &tools()).await.ok();
    fake.requests().pop().expect("a request")
}

#[tokio::test]
async fn row_19_reasoning_that_is_refused() {
    let last = taught(json!({"replay_reasoning": true}), |request| {
        match request.messages()[2].get("reasoning_content") {
            Some(_) => Reply::error_file(400, "19-groq-reasoning.json"),
            None => Reply::text("a"),
        }
    })
    .await;
    assert!(last.messages()[2].get("reasoning_content").is_none());
}

#[tokio::test]
async fn row_20_content_that_must_be_a_string() {
    let last = taught(json!({}), |request| match request.messages()[2].get("content") {
        None => Reply::error(400, "'messages.2.content': Field required"),
        Some(_) => Reply::text("a"),
    })
    .await;
    assert_eq!(last.messages()[2]["content"], "");
}

#[tokio::test]
async fn roles_and_streams_that_are_refused() {
    let last =
        taught(json!({"system_role": "developer"}), |request| match request.messages()[0]["role"].as_str() {
            Some("developer") => Reply::error(400, "Unexpected role 'developer'"),
            _ => Reply::text("a"),
        })
        .await;
    assert_eq!(last.messages()[0]["role"], "system");
    let last = taught(json!({}), |request| match request.body["stream"].as_bool() {
        Some(true) => Reply::error(400, "Streaming is not supported with tools"),
        _ => Reply::text("a"),
    })
    .await;
    assert_eq!(last.body["stream"], false);
}

#[tokio::test]
async fn a_model_without_tools_says_so() {
    let fake = FakeOpenAi::start([Reply::error_file(400, "30-no-tools.json")]);
    let error = ask(&simple(&fake)).await.error();
    assert!(error.contains("does not support tools") && error.contains("choose another"), "{error}");
}
