//! Retries and failover.

use crate::{
    ask::{ask, ask_with, endpoint, provider, quick},
    support::fake_openai::{FakeOpenAi, Reply},
};
use openpista::{
    domain::{
        BoxFuture,
        chat::{ChatError, ChatRequest, ChatResponse, Delta, LlmProvider, ModelFacts},
        message::{AssistantMessage, Message},
        usage::Usage,
    },
    llm::{AttemptError, Backend, RetryPolicy, Route, Router},
};
use std::time::Duration;

fn route(fake: &FakeOpenAi) -> Route {
    Route::new(provider(endpoint(&fake.url()))).model("m")
}

fn two(first: &FakeOpenAi, second: &FakeOpenAi) -> Router {
    Router::new("one", quick()).with("one", route(first).fallback("two")).with("two", route(second))
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for trouble in [
        Reply::error(500, "oops"),
        Reply::error(503, "overloaded"),
        Reply::error(408, "too slow"),
        Reply::rate_limited(0),
        Reply::no_answer(),
        Reply::text("").cut_after(0),
    ] {
        let fake = FakeOpenAi::start([trouble.clone(), trouble.clone(), Reply::text("at last")]);
        let llm = Router::new("", quick()).with("one", route(&fake));
        let asked = ask(&llm).await;
        assert_eq!((asked.shown().as_str(), fake.requests().len()), ("at last", 3), "{trouble:?}");
        assert_eq!(asked.restarts(), 0, "nothing had been shown");
    }
}

#[tokio::test]
async fn what_would_repeat_itself_is_not() {
    for status in [400, 401, 402, 403, 404, 422] {
        let first = FakeOpenAi::answering(move |_| Reply::error(status, "no"));
        let second = FakeOpenAi::start([Reply::text("yes")]);
        let asked = ask(&two(&first, &second)).await;
        assert_eq!((asked.shown().as_str(), first.requests().len()), ("yes", 1), "{status}");
        assert_eq!(asked.ok().model, "two/m");
    }
    let first = FakeOpenAi::answering(|_| Reply::error_file(429, "30-quota.json"));
    let second = FakeOpenAi::start([Reply::text("yes")]);
    ask(&two(&first, &second)).await.ok();
    assert_eq!(first.requests().len(), 1, "no credit is not a rate limit");
}

#[tokio::test]
async fn shown_text_is_taken_back_before_another_try() {
    let first = FakeOpenAi::answering(|_| Reply::fixture("13-truncated-call"));
    let second = FakeOpenAi::start([Reply::text("whole")]);
    let asked = ask(&two(&first, &second)).await;
    assert_eq!((asked.shown().as_str(), asked.restarts(), first.requests().len()), ("whole", 3, 3));
    assert!(asked.ok().message.calls.is_empty(), "calls of a broken answer never run");
    let reason = asked
        .deltas
        .iter()
        .find_map(|d| if let Delta::Restart { reason } = d { Some(reason.clone()) } else { None });
    assert!(reason.is_some_and(|r| r.contains("one/m") && r.contains("ended before")));
}

#[tokio::test]
async fn the_asked_wait_is_kept() {
    for header in [("retry-after", "1"), ("retry-after-ms", "300")] {
        let fake =
            FakeOpenAi::start([Reply::error(429, "slow down").header(header.0, header.1), Reply::text("a")]);
        ask(&Router::new("", quick()).with("one", route(&fake))).await.ok();
        let at: Vec<_> = fake.requests().iter().map(|r| r.at).collect();
        assert!(at[1] - at[0] >= Duration::from_millis(300), "{header:?}");
    }
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_not() {
    let first = FakeOpenAi::answering(|_| Reply::rate_limited(3600));
    let second = FakeOpenAi::start([Reply::text("yes")]);
    assert_eq!(ask(&two(&first, &second)).await.shown(), "yes");
    assert_eq!(first.requests().len(), 1);
    let error = ask(&Router::new("", quick()).with("one", route(&first))).await.error();
    assert!(error.contains("asks to wait 3600 s; max_retry_wait is 30 s"), "{error}");
}

#[tokio::test]
async fn the_last_error_tells_all() {
    let first = FakeOpenAi::answering(|_| Reply::error(503, "overloaded, come back later"));
    let second = FakeOpenAi::answering(|_| Reply::error(401, "bad key"));
    let llm = Router::new("one", quick())
        .with("one", route(&first).fallback("two/other").fallback("nowhere/at/all").fallback("two"))
        .with("two", route(&second).fallback("one"));
    assert_eq!(llm.chain(""), ["one/m", "two/other", "one/nowhere/at/all", "two/m"]);
    let asked = ask(&llm).await;
    match &asked.result {
        Err(ChatError::AllFailed(list)) => {
            let models: Vec<_> = list.iter().map(|a| (a.model.as_str(), a.status)).collect();
            assert_eq!(models[..2], [("one/m", Some(503)), ("two/other", Some(401))]);
        }
        other => panic!("{other:?}"),
    }
    let error = asked.error();
    for words in [
        "one/m (",
        "HTTP 503: (tried 3 times) overloaded, come back later",
        "two/other (",
        "HTTP 401: bad key",
    ] {
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[tokio::test]
async fn names_are_resolved() {
    let (first, second) =
        (FakeOpenAi::answering(|_| Reply::text("1")), FakeOpenAi::answering(|_| Reply::text("2")));
    let llm = Router::new("two/default", quick()).with("one", route(&first)).with("two", route(&second));
    for (asked, wanted) in [
        ("", "two/default"),
        ("one", "one/m"),
        ("one/x", "one/x"),
        ("one/anthropic/claude", "one/anthropic/claude"),
        ("anthropic/claude", "two/anthropic/claude"),
        ("plain", "two/plain"),
    ] {
        assert_eq!(llm.chain(asked), [wanted]);
        let answer = ask_with(&llm, asked, &[Message::user("hi")], &[]).await;
        assert_eq!(answer.ok().model, wanted);
    }
    assert_eq!(second.requests()[1].body["model"], "anthropic/claude");
}

#[tokio::test]
async fn without_any_provider_it_says_what_to_do() {
    let llm = Router::new("", RetryPolicy::default());
    assert!(ask(&llm).await.error().contains("no model is configured"));
    let error = ask_with(&llm, "groq/llama", &[], &[]).await.error();
    assert!(error.contains("set the environment variable GROQ_API_KEY"), "{error}");
}

#[tokio::test]
async fn a_model_meant_for_a_provider_without_a_key() {
    let fake = FakeOpenAi::start([Reply::error(404, "model not found")]);
    let llm = Router::new("one", quick()).with("one", route(&fake));
    let error = ask_with(&llm, "groq/llama", &[], &[]).await.error();
    assert!(error.contains("one/groq/llama") && error.contains("set GROQ_API_KEY"), "{error}");
}

/// A backend as another module may bring one.
struct Own(Vec<Result<&'static str, AttemptError>>, std::sync::atomic::AtomicUsize);

impl Backend for Own {
    fn attempt<'a>(
        &'a self,
        _: ChatRequest<'a>,
        sink: &'a mut (dyn FnMut(Delta) + Send),
    ) -> BoxFuture<'a, Result<ChatResponse, AttemptError>> {
        Box::pin(async move {
            let at = self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let text = self.0[at].clone()?;
            sink(Delta::Text(text.into()));
            let message = AssistantMessage { text: text.into(), ..Default::default() };
            Ok(ChatResponse { message, usage: Usage::default(), model: String::new(), cut: false })
        })
    }

    fn facts(&self, _: &str) -> ModelFacts {
        ModelFacts { context_window: Some(7), price: Some((0.0, 0.0)) }
    }
}

#[tokio::test]
async fn any_backend_can_be_one() {
    let own = Own(vec![Err(AttemptError::transient("not yet")), Ok("done")], Default::default());
    let llm = Router::new("mine", quick()).with("mine", Route::new(own));
    let asked = ask(&llm).await;
    assert_eq!((asked.shown().as_str(), asked.ok().model.as_str()), ("done", "mine"));
    assert_eq!(asked.ok().message.origin, "mine");
    assert_eq!(llm.facts("mine").context_window, Some(7));
    let own = Own(vec![Err(AttemptError::config("the function returned nothing"))], Default::default());
    let llm = Router::new("mine", quick()).with("mine", Route::new(own));
    assert!(
        matches!(ask(&llm).await.result, Err(ChatError::Config(text)) if text.contains("returned nothing"))
    );
}
