//! What is not let in, and what makes no sense: each gets its status and a reason, and no turn runs.

use crate::{
    Hook, TOKEN,
    client::{Answer, Client},
    echo, home, hook,
    support::{
        fake_openai::FakeOpenAi,
        program::{Home, PATIENCE},
    },
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    time::Instant,
};

#[track_caller]
fn refused(answer: &Answer, status: u16, words: &str) {
    let body = answer.json(status);
    let message = body["message"].as_str().expect("a message");
    assert!(message.contains(words) && body["error"].is_string(), "{words:?} is not in {message:?}");
}

#[test]
fn without_the_token_nothing_is_told_and_nothing_happens() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "rates = false", ""));
    let bare = Client::bare(hook.address);
    let message = json!({ "text": "let me in" });
    let no_token = bare.post("/message", &message);
    refused(&no_token, 401, "Authorization: Bearer");
    assert_eq!(no_token.header("www-authenticate"), Some("Bearer"));
    for value in ["Bearer wrong", "Basic abc", TOKEN, &format!("Bearer {TOKEN}x")] {
        let answer = bare.clone().with("authorization", value).post("/message", &message);
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(!answer.body.contains(TOKEN));
    }
    for path in ["/", "/message/x", "/conversation/main", "/nowhere"] {
        assert_eq!(bare.get(path).status, 401, "{path}");
    }
    assert_eq!(bare.get("/health").json(200), json!({ "status": "ok" }));
    assert_eq!(fake.count(), 0);
    assert_eq!(hook.say("hello")["reply"], "Answer to hello.");
}

#[test]
fn guesses_are_answered_so_often_and_the_right_token_always() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "rates = false", ""));
    let guesser = Client::bare(hook.address).with("authorization", "Bearer a-guess-that-is-wrong");
    let answers: Vec<_> = (0..15).map(|_| guesser.get("/message/x")).collect();
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 10);
    let late = answers.last().expect("some");
    refused(late, 429, "without the right token");
    assert!(
        late.header("retry-after").and_then(|wait| wait.parse::<u64>().ok()).is_some_and(|wait| wait > 0)
    );
    assert_eq!(hook.say("hello")["reply"], "Answer to hello.");
}

#[test]
fn what_makes_no_sense_is_told_apart() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "users = { 'ada' }, rates = false", ""));
    let client = hook.client();
    let post = |body: Value| client.post("/message", &body);
    let raw =
        |kind: &str, body: &[u8]| client.clone().with("content-type", kind).ask("POST", "/message", body);
    refused(&raw("application/json", b"{\"text\": "), 400, "EOF while parsing");
    refused(&raw("application/json", b"hello"), 400, "the body:");
    refused(&raw("application/json", b"{\"text\":\"a\",\"text\":\"b\"}"), 400, "duplicate field");
    refused(&raw("text/plain", b"\xff\xfe"), 400, "not UTF-8");
    refused(&raw("application/x-www-form-urlencoded", b"hello"), 415, "application/json or text/plain");
    refused(&client.ask("POST", "/message", b"hello"), 415, "content-type");
    refused(&post(json!({ "text": "a", "txet": 1 })), 400, "unknown field `txet`");
    refused(&post(json!({ "conversation": "a" })), 400, "text is missing");
    refused(&post(json!({ "text": "  \n" })), 400, "empty");
    refused(&post(json!({ "text": 7 })), 400, "expected a string");
    refused(&post(json!({ "text": "a", "wait": "long" })), 400, "wait is true, false or seconds");
    refused(&post(json!({ "text": "a", "wait": 601 })), 400, "from 0 to 600");
    refused(&post(json!({ "text": "a", "id": "" })), 400, "id is empty");
    refused(&post(json!({ "text": "a", "user": "eve" })), 403, "\"eve\" may not speak on hook");
    refused(&post(json!({ "text": "a", "id": "x".repeat(300) })), 403, "256 bytes");
    refused(&post(json!({ "text": "x".repeat(300 << 10) })), 403, "longer than");
    refused(&post(json!({ "text": "a", "callback": "ftp://x" })), 400, "callback is a URL");
    let header = client.clone().with("idempotency-key", "a");
    refused(&header.post("/message", &json!({ "text": "a", "id": "b" })), 400, "give one of them");
    refused(&client.get("/nowhere"), 404, "POST /message");
    let wrong = client.get("/message");
    refused(&wrong, 405, "takes POST");
    assert_eq!(wrong.header("allow"), Some("POST"));
    refused(&client.ask("DELETE", "/message/x", b""), 405, "takes GET");
    assert_eq!(fake.count(), 0);
}

#[test]
fn a_body_that_is_too_long_is_refused_and_the_refusal_read() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "", ""));
    for megabytes in [2, 30] {
        let body = format!("{{\"text\":\"{}\"}}", "x".repeat(megabytes << 20));
        let client = hook.client().with("content-type", "application/json");
        let mut stream = client.connect();
        let head = client.head("POST", "/message", Some(body.len()));
        let sent = stream.write_all(head.as_bytes());
        sent.expect("the head is read");
        if megabytes == 2 {
            stream.write_all(body.as_bytes()).expect("it is read on");
        }
        refused(&Answer::read(&mut stream), 413, "longer than 1048576 bytes");
    }
    // One that does not say how long it is.
    let client = hook.client().with("content-type", "application/json").with("transfer-encoding", "chunked");
    let mut stream = client.connect();
    stream.write_all(client.head("POST", "/message", None).as_bytes()).expect("the head is read");
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    for _ in 0..2 {
        stream.write_all(chunk.as_bytes()).expect("it is read on");
    }
    stream.write_all(b"0\r\n\r\n").expect("it is read on");
    refused(&Answer::read(&mut stream), 413, "longer than");
    assert_eq!(fake.count(), 0);
}

#[test]
fn who_sends_too_slowly_is_let_go_and_others_are_served() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "", ""));
    let client = hook.client().with("content-type", "application/json");
    let began = Instant::now();
    let silent = client.connect();
    let mut half_a_head = client.connect();
    half_a_head.write_all(b"POST /message HTTP/1.1\r\nhost: x\r\n").expect("it is read");
    let mut half_a_body = client.connect();
    let head = client.head("POST", "/message", Some(100));
    half_a_body.write_all(format!("{head}{{\"text\":").as_bytes()).expect("it is read");
    assert_eq!(hook.say("hello")["reply"], "Answer to hello.");
    refused(&Answer::read(&mut half_a_body), 408, "did not arrive in time");
    for mut stream in [silent, half_a_head] {
        // Closed, with an answer or without.
        let mut bytes = vec![];
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.is_empty() || text.contains(" 408 ") || text.contains(" 400 "), "{text}");
    }
    assert!(began.elapsed() < PATIENCE, "it was not let go");
    assert_eq!(fake.count(), 1);
}

#[test]
fn without_a_token_pages_of_a_browser_are_kept_out() {
    let fake = echo();
    let home = Home::with(&fake);
    home.init("pista.channel('hook', { kind = 'http', listen = '127.0.0.1:0', token = false })");
    let hook = Hook::start(&home);
    let bare = Client::bare(hook.address);
    let message = json!({ "text": "hello" });
    assert_eq!(bare.post("/message", &message).json(200)["reply"], "Answer to hello.");
    refused(&bare.clone().with("origin", "https://evil.example").post("/message", &message), 403, "browser");
    refused(&bare.clone().with("host", "evil.example").post("/message", &message), 403, "localhost");
    refused(
        &bare.post("/message", &json!({ "text": "a", "callback": "http://127.0.0.1/" })),
        400,
        "neither a token nor signing",
    );
    assert_eq!(fake.count(), 1);
}

#[test]
fn what_is_wrong_with_a_declaration_is_told() {
    for (lua, words) in [
        ("kind = 'http'", "token is missing"),
        ("kind = 'http', token = 'abc'", "pista.secret"),
        ("kind = 'http', token = false, listen = '0.0.0.0:8787'", "a token is needed"),
        ("kind = 'http', token = false, listen = 'here'", "no address with a port"),
        ("kind = 'http', token = false, lisen = '127.0.0.1:0'", "did you mean \"listen\"?"),
        ("kind = 'htp', token = false", "\"htp\" is none of lua, telegram, http"),
        ("kind = 'http', token = false, callback = 'http://x/'", "messages are signed"),
        ("kind = 'http', token = false, agent = 'nobody'", "there is no agent \"nobody\""),
        ("kind = 'http', token = false, rates = {}", "per_minute is missing"),
        ("kind = 'http', token = false, rates = { per_minute = 0 }", "from 1 up"),
        ("kind = 'http', token = false, rates = { per_minut = 1 }", "did you mean \"per_minute\"?"),
    ] {
        let home = Home::new();
        home.init(&format!("pista.channel('x', {{ {lua} }})"));
        home.run(["check"]).code(78).complains(["init.lua:", words]);
    }
    let home = Home::new();
    home.init("pista.setup { rates = { per_minut = 1 } }");
    home.run(["check"]).code(78).complains(["init.lua:1", "did you mean \"per_minute\"?"]);
}

#[test]
fn a_token_that_is_missing_or_short_keeps_the_channel_down() {
    let fake: FakeOpenAi = echo();
    for (token, words) in [
        (None, "HOOK_TOKEN: the environment variable is not set"),
        (Some("short"), "less than 16 characters"),
    ] {
        let home = Home::with(&fake);
        let home = if let Some(token) = token { home.env("HOOK_TOKEN", token) } else { home };
        home.init(&hook("", ""));
        let daemon = crate::Daemon::start(&home);
        let status = std::cell::RefCell::new(Value::Null);
        let told = crate::until(|| {
            *status.borrow_mut() = daemon.status()["channels"]["hook"].clone();
            status.borrow()["last_error"].as_str().is_some_and(|error| error.contains(words))
        });
        assert!(told, "{}", status.borrow());
        assert_eq!(status.borrow()["up"], false);
    }
}

#[test]
fn a_port_that_is_taken_is_told_and_tried_again() {
    let fake = echo();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let home = home(&fake, "", "");
    home.init(&hook("", "").replace("127.0.0.1:0", &address.to_string()));
    let daemon = crate::Daemon::start(&home);
    let error = || daemon.status()["channels"]["hook"]["last_error"].as_str().unwrap_or_default().to_owned();
    assert!(crate::until(|| error().contains("cannot listen on")), "{}", error());
    drop(taken);
    assert_eq!(crate::listening(&daemon), address);
}
