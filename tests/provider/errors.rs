//! Refusals and faults, in words that help.

use crate::{
    ask::{ask, endpoint, once, simple},
    support::fake_openai::{FakeOpenAi, Reply, Rules},
};
use openpista::{
    domain::chat::{ChatError, LlmProvider},
    llm::{Backend, Route, Router},
};
use serde_json::json;

#[tokio::test]
async fn row_30_all_forms_of_refusals() {
    for (status, file, words) in [
        (404, "30-file-not-found.txt", "HTTP 404: File Not Found; nothing is served at"),
        (502, "30-bad-gateway.html", "HTTP 502: 502 Bad Gateway 502 Bad Gateway nginx/1.24.0"),
        (404, "30-error-string.json", "HTTP 404: model 'nope' not found, try pulling it first"),
        (400, "30-integer-code.json", "HTTP 400: Invalid grammar"),
        (405, "30-no-error.json", "HTTP 405: Method Not Allowed"),
        (429, "30-quota.json", "HTTP 429: You exceeded your current quota"),
        (
            200,
            "30-web-page.html",
            "answered with a web page, not a model's answer; is base_url right? My Chat UI",
        ),
    ] {
        let fake = FakeOpenAi::start([Reply::error_file(status, file)]);
        let error = ask(&simple(&fake)).await.error();
        assert!(error.contains(words), "{file}: {error}");
        assert!(error.contains("fake/m (") && error.contains(" s)"), "{error}");
        if status == 404 {
            assert_eq!(error.contains("is base_url right?"), file.ends_with(".txt"), "{error}");
        }
    }
}

#[tokio::test]
async fn row_30_long_words_are_cut() {
    let fake = FakeOpenAi::start([Reply::page(400, "text/plain", "é".repeat(100_000))]);
    match ask(&simple(&fake)).await.result {
        Err(ChatError::AllFailed(list)) => assert!(list[0].message.chars().count() <= 2000),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_conversation_that_is_too_long_ends_at_once() {
    for (file, limit) in [("30-context-openai.json", 8192), ("30-context-llamacpp.json", 4096)] {
        let spare = FakeOpenAi::start([Reply::text("never asked")]);
        let fake = FakeOpenAi::start([Reply::error_file(400, file)]);
        let llm = Router::new("fake/m", Default::default())
            .with("fake", Route::new(crate::ask::provider(endpoint(&fake.url()))).fallback("spare/m"))
            .with("spare", Route::new(crate::ask::provider(endpoint(&spare.url()))));
        match ask(&llm).await.result {
            Err(ChatError::ContextOverflow { limit: told, .. }) => assert_eq!(told, Some(limit)),
            other => panic!("{file}: {other:?}"),
        }
        assert_eq!(llm.facts("fake/m").context_window, Some(limit), "remembered");
        assert_eq!(llm.facts("fake/other").context_window, None);
        assert!(spare.requests().is_empty());
    }
}

#[tokio::test]
async fn the_servers_own_limit_is_found() {
    let fake = FakeOpenAi::answering_with(Rules::window(500), |_| Reply::text("a"));
    let long = [openpista::domain::message::Message::user("word ".repeat(1000))];
    let asked = crate::ask::ask_with(&simple(&fake), "", &long, &[]).await;
    assert!(
        matches!(asked.result, Err(ChatError::ContextOverflow { limit: Some(500), .. })),
        "{:?}",
        asked.result
    );
    ask(&simple(&fake)).await.ok();
}

#[tokio::test]
async fn nobody_there() {
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let error = ask(&once(endpoint(&format!("http://127.0.0.1:{port}")))).await.error();
    assert!(
        error.contains(&format!("http://127.0.0.1:{port}/v1: ")) && error.to_lowercase().contains("refused"),
        "{error}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let fake =
        FakeOpenAi::start([Reply::page(307, "text/plain", "").header("location", "http://127.0.0.1:1/")]);
    let error = ask(&simple(&fake)).await.error();
    assert!(error.contains("HTTP 307") && error.contains("redirects elsewhere"), "{error}");
}

#[tokio::test]
async fn the_base_url_in_any_form() {
    for end in ["", "/", "/v1", "/v1/", "/v1/chat/completions"] {
        let fake = FakeOpenAi::start([Reply::text("a")]);
        let base = fake.url().trim_end_matches("/v1").to_owned();
        assert_eq!(ask(&once(endpoint(&format!("{base}{end}")))).await.shown(), "a", "{end:?}");
    }
}

#[tokio::test]
async fn silence_of_all_kinds_is_an_error() {
    for reply in [
        Reply::raw(""),
        Reply::raw("data: [DONE]\n\n"),
        Reply::raw(": ping\n\n"),
        Reply::json(&json!({})),
        Reply::page(200, "text/plain", ""),
        Reply::no_answer(),
        Reply::text("cut in the midst").cut_after(300).then_disconnect(),
    ] {
        let fake = FakeOpenAi::start([reply.clone()]);
        let asked = ask(&simple(&fake)).await;
        assert!(asked.result.is_err(), "{reply:?}: {:?}", asked.result);
    }
}

#[tokio::test]
async fn a_held_back_answer_is_told() {
    let fake = FakeOpenAi::start([Reply::text("").finish("content_filter")]);
    assert!(ask(&simple(&fake)).await.error().contains("content filter"));
}

#[test]
fn facts_come_from_the_configuration() {
    let mut endpoint = endpoint("http://127.0.0.1:1/v1");
    endpoint.dialect.insert("num_ctx".into(), 4096.into());
    assert_eq!(crate::ask::provider(endpoint.clone()).facts("m").context_window, Some(4096));
    endpoint.context_window = Some(1000);
    assert_eq!(crate::ask::provider(endpoint).facts("m").context_window, Some(1000));
}
