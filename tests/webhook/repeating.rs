//! The same message again: the same answer, and not a second turn.

use crate::{
    Hook, echo, home,
    support::fake_openai::{FakeOpenAi, Reply},
};
use serde_json::json;
use std::thread;

#[test]
fn a_message_that_comes_again_gets_the_same_answer() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "", ""));
    let message = json!({ "text": "one", "id": "m" });
    let first = hook.post(&message).json(200);
    assert_eq!(hook.post(&message).json(200), first);
    let client = hook.client().with("idempotency-key", "m");
    assert_eq!(client.post("/message", &json!({ "text": "one" })).json(200), first);
    assert_eq!(fake.count(), 1);
    for other in
        [json!({ "text": "two", "id": "m" }), json!({ "text": "one", "id": "m", "conversation": "other" })]
    {
        assert!(hook.post(&other).json(409)["message"].as_str().expect("text").contains("another message"));
    }
    assert_eq!(fake.count(), 1);
}

#[test]
fn the_same_message_many_times_at_once_is_one_turn() {
    let (open, opened) = std::sync::mpsc::channel();
    let fake = FakeOpenAi::answering(move |_| {
        opened.recv().expect("it is opened");
        Reply::text("once")
    });
    let hook = Hook::start(&home(&fake, "", ""));
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let client = hook.client();
            thread::spawn(move || client.post("/message", &json!({ "text": "one", "id": "m" })).json(200))
        })
        .collect();
    assert!(fake.saw_requests(1));
    open.send(()).expect("it waits");
    let answers: Vec<_> = clients.into_iter().map(|client| client.join().expect("an answer")).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer["reply"] == "once"), "{answers:?}");
    assert_eq!(fake.count(), 1);
}

#[test]
fn a_retry_is_a_message_of_its_own() {
    let fake = FakeOpenAi::start([Reply::error(400, "not now"), Reply::text("now")]);
    let hook = Hook::start(&home(&fake, "", ""));
    assert_eq!(hook.say("work")["state"], "failed");
    let retry = json!({ "text": "/retry", "id": "r" });
    let answer = hook.post(&retry).json(200);
    assert_eq!(answer["reply"], "now");
    assert_eq!(hook.post(&retry).json(200), answer);
    assert_eq!(fake.count(), 2);
}
