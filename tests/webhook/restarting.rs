//! `kill -9` between a message and its answer.

use crate::{
    Hook, home, said,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::until,
    },
};
use serde_json::json;

#[test]
fn what_was_taken_is_answered_or_told_to_be_interrupted() {
    let fake = FakeOpenAi::answering(|request| match said(request) {
        "hang" => Reply::hang(),
        text => Reply::text(format!("Answer to {text}.")),
    });
    let home = home(&fake, "", "");
    let hook = Hook::start(&home);
    let under_way = json!({ "text": "hang", "id": "a", "wait": false });
    hook.post(&under_way).json(202);
    assert!(fake.saw_requests(1));
    hook.post(&json!({ "text": "waits", "id": "b", "wait": false })).json(202);
    hook.kill();
    let hook = Hook::start(&home);
    let waited = hook.get("/message/b?wait=60").json(200);
    assert_eq!((&waited["state"], &waited["reply"]), (&json!("done"), &json!("Answer to waits.")));
    let interrupted = hook.get("/message/a?wait=60").json(200);
    assert_eq!(interrupted["state"], "interrupted");
    assert!(interrupted["reply"].as_str().expect("text").contains("/retry"), "{interrupted}");
    // Whoever was cut off asks again.
    assert_eq!(hook.post(&json!({ "text": "hang", "id": "a" })).json(200), interrupted);
    assert_eq!(fake.requests().iter().filter(|request| said(request) == "hang").count(), 1);
}

#[test]
fn the_end_of_the_program_lets_go_of_who_waits() {
    let fake = FakeOpenAi::answering(|_| Reply::hang());
    let home = home(&fake, "", "");
    let hook = Hook::start(&home);
    let client = hook.client();
    let waiting = std::thread::spawn(move || client.post("/message", &json!({ "text": "hang", "id": "a" })));
    assert!(fake.saw_requests(1));
    hook.daemon.stop().ok();
    assert_eq!(waiting.join().expect("an answer").json(202)["state"], "open");
    let hook = Hook::start(&home);
    assert_eq!(hook.get("/message/a?wait=60").json(200)["state"], "interrupted");
    assert_eq!(fake.count(), 1);
}

#[test]
fn killed_again_and_again_each_message_has_one_end() {
    let fake = FakeOpenAi::answering(|request| Reply::text(format!("Answer to {}.", said(request))));
    let home = home(&fake, "rates = false", "");
    let mut taken = vec![];
    for round in 0..6 {
        let hook = Hook::start(&home);
        for n in 0..5 {
            let id = format!("{round}-{n}");
            hook.post(&json!({ "text": id, "id": id, "conversation": n.to_string(), "wait": false }))
                .json(202);
            taken.push(id);
        }
        hook.kill();
    }
    let hook = Hook::start(&home);
    for id in &taken {
        let fate = || hook.get(&format!("/message/{id}?wait=5")).json(200);
        assert!(until(|| fate()["state"] != "open"), "{id} has no end: {}", fate());
        let fate = fate();
        match fate["state"].as_str() {
            Some("done") => assert_eq!(fate["reply"], format!("Answer to {id}.")),
            Some("interrupted") => assert!(fate["reply"].as_str().expect("text").contains("/retry")),
            other => panic!("{other:?}: {fate}"),
        }
        // No turn ran twice.
        assert!(fake.requests().iter().filter(|request| said(request) == id).count() <= 1, "{id}");
    }
}
