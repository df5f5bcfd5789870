//! What goes wrong on the way, and what becomes of it.

use crate::{
    bot, echo, home, shows, start,
    support::{
        daemon::Daemon,
        fake_telegram::{ADA, BOB, FakeTelegram, Fault, TOKEN},
        program::until,
    },
};
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

#[track_caller]
fn down(daemon: &Daemon, words: &str) -> Value {
    let faring = || daemon.status()["channels"]["telegram"].clone();
    let told = || faring()["last_error"].as_str().is_some_and(|error| error.contains(words));
    assert!(until(told), "{words:?} is not told: {}", faring());
    faring()
}

#[test]
fn the_server_is_left_alone_as_long_as_it_wants_and_order_is_kept() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.fault(ADA, Fault::TooMany(1));
    telegram.fault(ADA, Fault::TooMany(1));
    let home = home(&model, &telegram, "gather = 0");
    let daemon = start(&home);
    for text in ["one", "two", "three"] {
        telegram.says(ADA, text);
    }
    shows(&telegram, ADA, &["You said: one", "You said: two", "You said: three"]);
    daemon.stop().ok();
}

#[test]
fn a_slow_chat_holds_up_no_other() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.fault(ADA, Fault::Held);
    let home = home(&model, &telegram, "typing = false");
    home.init(&bot(&telegram, "typing = false").replace("{ 100 }", "{ 100, 200 }"));
    let daemon = start(&home);
    telegram.says(ADA, "one");
    assert!(until(|| telegram.calls("sendMessage").iter().any(|call| call["chat_id"] == ADA)));
    telegram.says(BOB, "two");
    shows(&telegram, BOB, &["You said: two"]);
    assert_eq!(telegram.texts(ADA).len(), 0);
    telegram.let_go(ADA);
    shows(&telegram, ADA, &["You said: one"]);
    daemon.stop().ok();
}

#[test]
fn what_got_lost_is_sent_again_and_says_so_where_it_may_have_arrived() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.fault(ADA, Fault::Unheard);
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "one");
    shows(
        &telegram,
        ADA,
        &["You said: one", "(Sent again after an interruption: it may have arrived before.)\nYou said: one"],
    );
    daemon.stop().ok();
}

#[test]
fn whoever_blocked_the_bot_holds_up_nobody() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.fault(ADA, Fault::Blocked);
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "one");
    assert!(until(|| telegram.refusals().iter().any(|text| text.contains("blocked"))));
    telegram.says(ADA, "two");
    // The first was given up at once: the second is not held up by another attempt.
    shows(&telegram, ADA, &["You said: two"]);
    let ran = daemon.stop();
    assert!(ran.err.contains("was not delivered in 1 attempt"), "{ran:#?}");
}

#[test]
fn looks_that_the_server_refuses_are_left_away() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.fault(ADA, Fault::Looks);
    let daemon = start(&home(&model, &telegram, ""));
    // The first attempt is refused, the next is plain.
    telegram.says(ADA, "**bold** & so on");
    shows(&telegram, ADA, &["You said: bold & so on"]);
    assert!(!telegram.sent(ADA)[0].html);
    daemon.stop().ok();
}

#[test]
fn a_token_that_is_none_is_told_and_not_tried_again() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "").env("BOT_TOKEN", "1:wrong");
    let daemon = start(&home);
    let faring = down(&daemon, "Telegram does not know the token");
    assert_eq!((&faring["up"], &faring["retry_in_s"]), (&Value::Bool(false), &Value::Null), "{faring}");
    daemon.stop().ok();
    assert_eq!(telegram.strangers(), ["1:wrong"]);
}

#[test]
fn no_token_is_told() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let daemon = start(&home(&model, &telegram, "").unset("BOT_TOKEN"));
    down(&daemon, "BOT_TOKEN");
    daemon.stop().ok();
}

/// Polls once.
fn polls(server: &str) {
    let address = server.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server");
    let body = r#"{"timeout":1}"#;
    let head =
        format!("POST /bot{TOKEN}/getUpdates HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json");
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("it reads");
    // The first piece of the answer is enough: it was polled.
    assert!(stream.read(&mut [0; 1024]).expect("an answer") > 0);
}

#[test]
fn another_poller_is_told() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    // A program that knows nothing of the locks of this one.
    let (server, ended) = (telegram.url(), Arc::new(AtomicBool::new(false)));
    let other = std::thread::spawn({
        let ended = Arc::clone(&ended);
        move || {
            while !ended.load(Ordering::Relaxed) {
                polls(&server);
            }
        }
    });
    let faring = down(&daemon, "another program polls this bot");
    assert!(faring["retry_in_s"].as_f64().is_some_and(|wait| wait >= 30.0), "{faring}");
    ended.store(true, Ordering::Relaxed);
    other.join().expect("no panic");
    daemon.stop().ok();
}

#[test]
fn a_webhook_is_told_and_its_end_noticed() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.webhook(true);
    let daemon = start(&home(&model, &telegram, ""));
    down(&daemon, "a webhook is set for this bot");
    daemon.stop().ok();
}

#[test]
fn a_server_that_is_not_there_is_waited_for() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "");
    home.init(&bot(&telegram, "").replace(&telegram.url(), "http://127.0.0.1:9"));
    let daemon = start(&home);
    down(&daemon, "the server is not reached");
    telegram.says(ADA, "hello");
    // The configuration is mended; nothing is lost.
    home.init(&bot(&telegram, ""));
    shows(&telegram, ADA, &["You said: hello"]);
    daemon.stop().ok();
}
