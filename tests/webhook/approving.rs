//! Questions to whoever speaks.

use crate::{
    Hook, home,
    support::fake_openai::{FakeOpenAi, Reply},
};
use serde_json::{Value, json};

fn touching() -> FakeOpenAi {
    FakeOpenAi::answering(|request| match request.messages().last() {
        Some(last) if last["role"] == "tool" => Reply::text(format!("It said: {}", request.last_text())),
        _ => Reply::call("system_run", json!({ "argv": ["touch", "made"] })),
    })
}

const ASK: &str = "pista.agent('main', { tools = { ask = { 'system.run' } } })";

/// Posts the message that leads to a question: the question.
#[track_caller]
fn asked(hook: &Hook, id: &str) -> Value {
    let open =
        hook.post(&json!({ "text": "make it", "id": id, "user": "ada", "conversation": "c" })).json(202);
    assert_eq!(open["state"], "open");
    assert!(open["question"]["text"].as_str().expect("text").contains("system.run"), "{open}");
    open["question"].clone()
}

#[test]
fn who_waits_is_told_of_the_question_and_may_answer_it() {
    let fake = touching();
    let home = home(&fake, "users = { 'ada', 'bob' }, owners = { 'ada', 'bob' }", ASK);
    let hook = Hook::start(&home);
    let question = asked(&hook, "m");
    let id = question["id"].as_str().expect("an id");
    let notes = hook.get("/conversation/c").json(200);
    assert_eq!(notes["messages"][0]["question"], id, "{notes}");
    // Of another's question nobody gets to decide.
    let yes = format!("yes {id}");
    hook.post(&json!({ "text": yes, "user": "bob", "conversation": "d", "wait": false })).json(202);
    assert!(!home.work().join("made").exists());
    let told = hook.post(&json!({ "text": yes, "user": "ada", "conversation": "c" })).json(200);
    assert_eq!(told["reply"], format!("Yes to {id}: it runs, this once."));
    assert_eq!(hook.get("/message/m?wait=60").json(200)["state"], "done");
    assert!(home.work().join("made").exists());
}

#[test]
fn a_no_is_a_no() {
    let fake = touching();
    let home = home(&fake, "users = { 'ada' }", ASK);
    let hook = Hook::start(&home);
    let question = asked(&hook, "m");
    let no = format!("no {}", question["id"].as_str().expect("an id"));
    hook.post(&json!({ "text": no, "conversation": "c" })).json(200);
    let done = hook.get("/message/m?wait=60").json(200);
    assert_eq!(done["state"], "done");
    assert!(!home.work().join("made").exists());
}

#[test]
fn a_question_that_nobody_answers_means_no() {
    let fake = touching();
    let more =
        "pista.hook('tool_call', function(call) return pista.ask { to = 'hook:ada', timeout = 0.3 } end)";
    let home = home(&fake, "users = { 'ada' }", more);
    let hook = Hook::start(&home);
    asked(&hook, "m");
    let done = hook.get("/message/m?wait=60").json(200);
    assert!(done["reply"].as_str().expect("text").contains("did not answer"), "{done}");
    assert!(!home.work().join("made").exists());
}
