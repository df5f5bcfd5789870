//! Which server a model's name means, and never another.

use crate::{
    ask::{ask, ask_with, endpoint, provider, quick, tools},
    support::fake_openai::{FakeOpenAi, Reply, Rules},
};
use openpista::{
    domain::{
        chat::{ChatError, LlmProvider},
        message::Message,
    },
    llm::{Route, Router, discover},
};
use serde_json::json;
use std::time::Duration;

fn strict(fake: &FakeOpenAi) -> Router {
    Router::new("mine/m", quick())
        .with("mine", Route::new(provider(endpoint(&fake.url()))))
        .with("demo", Route::new(provider(endpoint(&fake.url()))))
        .strict("demo")
}

#[tokio::test]
async fn another_server_than_the_one_named_is_never_asked() {
    let fake = FakeOpenAi::start([]);
    let llm = strict(&fake);
    for (model, words) in [
        ("mime/x", &["no provider is called \"mime\"", "did you mean \"mine\"?", "mine/mime/x"][..]),
        ("antropic/claude", &["did you mean \"anthropic\"?"]),
        ("anthropic/claude", &["anthropic has no key", "ANTHROPIC_API_KEY"]),
        ("nosuch/x", &["no provider is called \"nosuch\"", "There is mine."]),
    ] {
        let asked = ask_with(&llm, model, &[Message::user("hi")], &tools()).await;
        let Err(ChatError::Config(error)) = asked.result else { panic!("{model}: {:?}", asked.result) };
        assert!(words.iter().all(|word| error.contains(word)), "{model}: {error}");
        assert_eq!(llm.full_name(model).await, model, "a name that means nothing stays as it is");
    }
    assert_eq!(fake.count(), 0);
}

#[tokio::test]
async fn names_that_mean_something_are_asked() {
    let fake =
        FakeOpenAi::answering(|request| Reply::text(request.body["model"].as_str().unwrap_or_default()));
    let llm = strict(&fake);
    for (model, asked_for) in
        [("", "m"), ("mine/vendor/big", "vendor/big"), ("plain", "plain"), ("mine/x", "x"), ("demo/y", "y")]
    {
        let asked = ask_with(&llm, model, &[Message::user("hi")], &tools()).await;
        assert_eq!(asked.ok().message.text, asked_for, "{model}");
        let full = llm.full_name(model).await;
        assert_eq!(full, asked.ok().model, "{model}");
    }
}

#[tokio::test]
async fn the_stand_in_answers_only_where_no_model_is_named() {
    let fake = FakeOpenAi::answering(|_| Reply::text("stand-in"));
    let llm = Router::new("demo", quick())
        .with("demo", Route::new(provider(endpoint(&fake.url()))).model("m"))
        .strict("demo");
    assert_eq!(ask(&llm).await.ok().message.text, "stand-in");
    for model in ["gpt-5", "nosuch/x"] {
        let asked = ask_with(&llm, model, &[Message::user("hi")], &tools()).await;
        assert!(matches!(asked.result, Err(ChatError::Config(_))), "{model}: {:?}", asked.result);
    }
    assert_eq!(fake.count(), 1);
}

#[tokio::test]
async fn a_server_without_a_list_of_models_says_what_cures_it() {
    let page = FakeOpenAi::with(Rules { lists_models: false, ..Rules::default() }, []);
    let llm = Router::new("fake", quick()).with("fake", Route::new(provider(endpoint(&page.url()))));
    let error = ask(&llm).await.error();
    for words in ["HTTP 404", &format!("GET {}/models", page.url()), "OPENPISTA_MODEL", "model = "] {
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[tokio::test]
async fn all_that_a_local_server_lists_is_known() {
    let models = ["nomic-embed-text", "qwen/qwen3-4b", "llama"].map(|id| json!({"id": id, "owned_by": "x"}));
    let fake = FakeOpenAi::with(Rules { models: models.into(), ..Rules::default() }, []);
    let found = discover::local(&[fake.url()], Duration::from_secs(20)).await;
    assert_eq!(found[0].models, ["nomic-embed-text", "qwen/qwen3-4b", "llama"]);
}
