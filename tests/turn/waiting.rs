//! A server that takes its time, and the names of models.

use crate::{
    rig::{Plan, Rig, Seen},
    support::fake_openai::{FakeOpenAi, Reply, Rules},
};
use openpista::{
    domain::{
        BoxFuture,
        chat::{ChatRequest, ChatResponse, Delta, ModelFacts, Waiting},
        event::TurnEvent,
        message::AssistantMessage,
        usage::Usage,
    },
    llm::{AttemptError, Backend, RetryPolicy, Route, Router},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Answers once the person was told that it takes long.
struct Busy(Arc<Seen>);

impl Backend for Busy {
    fn attempt<'a>(
        &'a self,
        _: ChatRequest<'a>,
        _: &'a mut (dyn FnMut(Delta) + Send),
    ) -> BoxFuture<'a, Result<ChatResponse, AttemptError>> {
        Box::pin(async {
            while self.0.notices().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let message = AssistantMessage { text: "at last".into(), ..Default::default() };
            Ok(ChatResponse { message, usage: Usage::default(), model: String::new(), cut: false })
        })
    }

    fn facts(&self, _: &str) -> ModelFacts {
        ModelFacts::default()
    }

    fn waiting(&self) -> Option<Waiting> {
        Some(Waiting { after: Duration::from_millis(10), words: "it is at work on another question".into() })
    }
}

#[tokio::test]
async fn a_person_is_told_why_an_answer_takes_long() {
    let fake = FakeOpenAi::start([]);
    let seen = Arc::new(Seen::default());
    let router = Router::new("fake/m", RetryPolicy::default()).with("fake", Route::new(Busy(seen.clone())));
    let mut rig = Plan::default().with_llm(Arc::new(router)).on(&fake).await;
    rig.seen = seen;
    assert_eq!(Rig::answered(&rig.turn("hi").await), "at last");
    let notices = rig.seen.notices();
    assert!(notices[0].contains("fake/fake-model has not begun to answer. it is at work"), "{notices:?}");
}

#[tokio::test]
async fn a_server_on_this_machine_tells_what_it_may_be_at() {
    let fake = FakeOpenAi::start([]);
    let rig = Plan::default().on(&fake).await;
    let waiting = rig.llm.waiting("fake/m").expect("the server is on this machine");
    assert!(waiting.words.contains("another question"), "{waiting:?}");
    assert!(waiting.words.contains("300 s (local_first_token_timeout)"), "{waiting:?}");
}

#[tokio::test]
async fn the_model_has_one_name_from_the_start_to_the_end() {
    for (listed, name) in [("fake-model", "fake/fake-model"), ("/models/big.gguf", "fake/models/big.gguf")] {
        let models = vec![json!({"id": listed, "object": "model", "created": 1, "owned_by": "fake"})];
        let rules = Rules { models, ..Rules::default() };
        let fake = FakeOpenAi::answering_with(rules, |_| Reply::text("hello"));
        let rig = Plan::default().on(&fake).await;
        for model in ["fake", name] {
            let mut input = rig.input("hi", Default::default());
            input.model = model.into();
            rig.agent.turn(input).await;
            let events = rig.seen.events();
            let started = events.iter().rev().find_map(|event| match event {
                TurnEvent::Start { model, .. } => Some(model.clone()),
                _ => None,
            });
            let Some(TurnEvent::Done { model: done, .. }) = events.last() else { panic!("{events:?}") };
            assert_eq!((started.as_deref(), done.as_str()), (Some(name), name));
            assert_eq!(
                fake.last_request().expect("a request").body["model"],
                listed,
                "as the server spells it"
            );
        }
        assert_eq!(fake.all_requests().iter().filter(|r| r.method == "GET").count(), 1, "asked for once");
    }
}
