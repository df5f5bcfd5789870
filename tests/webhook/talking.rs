//! Messages that are taken, and their answers.

use crate::{
    Hook,
    client::{Answer, Client},
    echo, home,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::until,
    },
};
use serde_json::json;
use std::net::Shutdown;

#[test]
fn a_message_is_answered_and_its_conversation_goes_on() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "", ""));
    let one = hook.post(&json!({ "text": "one", "conversation": "a", "id": "m1" })).json(200);
    assert_eq!(
        (&one["id"], &one["state"], &one["reply"]),
        (&json!("m1"), &json!("done"), &json!("Answer to one."))
    );
    let two = hook.post(&json!({ "text": "two", "conversation": "a" })).json(200);
    let other = hook.post(&json!({ "text": "three", "conversation": "b" })).json(200);
    assert!(
        one["session"].is_string() && one["session"] == two["session"] && one["session"] != other["session"]
    );
    let lengths: Vec<_> = fake.requests().iter().map(|request| request.messages().len()).collect();
    assert_eq!(lengths, [2, 4, 2]);
    hook.daemon.stop().ok();
}

#[test]
fn text_is_as_good_as_json() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "users = { 'ada', 'bob' }", ""));
    let plain = hook.client().with("content-type", "text/plain; charset=utf-8");
    let answer = plain.ask(
        "POST",
        "/message?user=ada&conversation=k%C3%BCche+1&id=a%2Fb&wait=true",
        "hello".as_bytes(),
    );
    let body = answer.json(200);
    assert_eq!(body["conversation"], "küche 1");
    assert_eq!(body["reply"], "Answer to hello.");
    assert_eq!(hook.get("/message/a%2Fb").json(200), body);
    plain.ask("POST", "/message?usr=ada", b"hello").json(400);
}

#[test]
fn who_does_not_wait_comes_back() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "", ""));
    let taken = hook.post(&json!({ "text": "one", "id": "x y", "wait": false }));
    assert_eq!(taken.json(202)["state"], "open");
    let place = taken.header("location").expect("a place").to_owned();
    assert_eq!(place, "/message/x%20y");
    assert_eq!(hook.get(&format!("{place}?wait=60")).json(200)["reply"], "Answer to one.");
    assert_eq!(hook.get(&place).json(200)["reply"], "Answer to one.");
    hook.get("/message/unknown").json(404);
    hook.get("/message/unknown?wait=60").json(404);
}

#[test]
fn a_wait_that_is_over_leaves_the_answer_to_be_fetched() {
    let (open, opened) = std::sync::mpsc::channel();
    let fake = FakeOpenAi::answering(move |_| {
        opened.recv().expect("it is opened");
        Reply::text("late")
    });
    let hook = Hook::start(&home(&fake, "", ""));
    let early = hook.post(&json!({ "text": "one", "id": "m", "wait": 0.2 })).json(202);
    assert_eq!(early["state"], "open");
    assert_eq!(hook.get("/message/m").json(200)["state"], "open");
    assert_eq!(hook.get("/message/m?wait=0.1").json(202)["state"], "open");
    open.send(()).expect("it waits");
    assert_eq!(hook.get("/message/m?wait=60").json(200)["reply"], "late");
}

#[test]
fn a_client_that_goes_takes_nothing_with_it() {
    let (open, opened) = std::sync::mpsc::channel();
    let fake = FakeOpenAi::answering(move |_| {
        opened.recv().expect("it is opened");
        Reply::text("done without you")
    });
    let hook = Hook::start(&home(&fake, "", ""));
    let client = hook.client().with("content-type", "application/json");
    let gone = client.send("POST", "/message", json!({ "text": "one", "id": "m" }).to_string().as_bytes());
    assert!(fake.saw_requests(1));
    gone.shutdown(Shutdown::Both).expect("it was there");
    drop(gone);
    open.send(()).expect("it waits");
    assert_eq!(hook.get("/message/m?wait=60").json(200)["reply"], "done without you");
    assert_eq!(fake.count(), 1);
}

#[test]
fn commands_act_at_once_and_a_stopped_message_has_no_reply() {
    let fake = FakeOpenAi::answering(|_| Reply::hang());
    let hook = Hook::start(&home(
        &fake,
        "",
        "pista.command('ping', function(ctx, args) return 'pong ' .. args.text end)",
    ));
    let client = hook.client().with("content-type", "application/json");
    let body = json!({ "text": "work", "id": "m" }).to_string();
    let mut waiting = client.send("POST", "/message", body.as_bytes());
    assert!(fake.saw_requests(1));
    assert_eq!(hook.say("/ping 1")["reply"], "pong 1");
    assert!(hook.say("/status")["reply"].as_str().expect("text").ends_with("answering"));
    assert_eq!(hook.say("/stop")["reply"], "Stopped.");
    let stopped = Answer::read(&mut waiting).json(200);
    assert_eq!((&stopped["state"], &stopped["reply"]), (&json!("failed"), &json!(null)));
    assert_eq!(hook.get("/message/m").json(200), stopped);
}

#[test]
fn a_failed_turn_says_so() {
    let fake = FakeOpenAi::start([Reply::error(400, "no such model")]);
    let hook = Hook::start(&home(&fake, "", ""));
    let failed = hook.post(&json!({ "text": "one", "id": "m" })).json(200);
    assert_eq!(failed["state"], "failed");
    assert!(failed["reply"].as_str().expect("text").contains("no such model"), "{failed}");
    assert_eq!(hook.get("/message/m").json(200), failed);
}

#[test]
fn hooks_have_the_last_word_on_what_leaves() {
    let more = "pista.hook('outbound', function(m)
        if m.text:find('secret') then return pista.drop('not this') end
        m.text = m.text .. ' (checked)' return m end)
        pista.command('tell', function(ctx, args) pista.send('hook:caller', args.text) return 'told' end)";
    let fake = echo();
    let hook = Hook::start(&home(&fake, "", more));
    let answer = hook.post(&json!({ "text": "one", "id": "m" })).json(200);
    assert_eq!(answer["reply"], "Answer to one. (checked)");
    assert_eq!(hook.get("/message/m").json(200), answer);
    let dropped = hook.post(&json!({ "text": "secret", "id": "n" })).json(200);
    assert_eq!((&dropped["state"], &dropped["reply"]), (&json!("done"), &json!("")));
    assert_eq!(hook.get("/message/n").json(200), dropped);
    assert_eq!(hook.say("/tell news")["reply"], "told (checked)");
    let notes = || hook.get("/conversation/caller").json(200)["messages"].clone();
    assert!(until(|| notes()[0]["text"] == "news (checked)"), "{}", notes());
    let number = notes()[0]["number"].clone();
    assert_eq!(hook.get(&format!("/conversation/caller?after={number}")).json(200)["messages"], json!([]));
}

#[test]
fn the_rules_of_the_channel_hold() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({ "argv": ["touch", "made"] })),
        Reply::text("done"),
    ]);
    let home = home(
        &fake,
        "tools = { deny = { 'system.*' } }",
        "pista.agent('main', { tools = { allow = { '*' } } })",
    );
    let hook = Hook::start(&home);
    assert_eq!(hook.say("make it")["reply"], "done");
    assert!(!home.work().join("made").exists());
}

#[test]
fn many_requests_go_over_one_connection() {
    use std::io::{Read, Write};
    let fake = echo();
    let hook = Hook::start(&home(&fake, "", ""));
    let mut stream = Client::bare(hook.address).connect();
    for _ in 0..3 {
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it is open");
        let mut bytes = [0; 1024];
        let mut text = String::new();
        while !text.ends_with("{\"status\":\"ok\"}\n") {
            let read = stream.read(&mut bytes).expect("an answer");
            assert!(read > 0, "it closed: {text}");
            text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    }
}
