//! A changed configuration.

use crate::{
    Hook,
    client::Client,
    echo, home, hook, listening,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, until},
    },
};
use serde_json::json;
use std::{
    net::{SocketAddr, TcpStream},
    thread,
};

/// Puts another init.lua in force.
fn reload(hook: &Hook, home: &Home, lua: &str) {
    home.init(lua);
    home.run(["reload"]).ok();
    assert!(until(|| hook.daemon.status()["generation"] != 1));
}

fn holding() -> (FakeOpenAi, std::sync::mpsc::Sender<()>) {
    let (open, opened) = std::sync::mpsc::channel();
    let fake = FakeOpenAi::answering(move |_| {
        opened.recv().expect("it is opened");
        Reply::text("held")
    });
    (fake, open)
}

#[test]
fn who_waits_waits_on_and_the_socket_stays() {
    let (fake, open) = holding();
    let home = home(&fake, "", "");
    let daemon = Hook::start(&home);
    let client = daemon.client();
    let waiting = thread::spawn(move || client.post("/message", &json!({ "text": "one" })).json(200));
    assert!(fake.saw_requests(1));
    reload(&daemon, &home, &hook("", "pista.command('new_one', function() return 'there' end)"));
    assert_eq!(listening(&daemon.daemon), daemon.address);
    assert_eq!(daemon.say("/new_one")["reply"], "there");
    open.send(()).expect("it waits");
    assert_eq!(waiting.join().expect("an answer")["reply"], "held");
}

#[test]
fn another_place_to_listen_moves_the_socket_and_no_answer_is_lost() {
    let (fake, open) = holding();
    let home = home(&fake, "", "");
    let daemon = Hook::start(&home);
    let client = daemon.client();
    let waiting = thread::spawn(move || client.post("/message", &json!({ "text": "one" })).json(200));
    assert!(fake.saw_requests(1));
    reload(&daemon, &home, &hook("", "").replace("127.0.0.1:0", "[::1]:0"));
    let moved = std::cell::Cell::new(daemon.address);
    assert!(until(|| {
        moved.set(listening(&daemon.daemon));
        moved.get().is_ipv6()
    }));
    assert!(TcpStream::connect(daemon.address).is_err(), "the old one is closed");
    assert_eq!(Client::new(moved.get()).get("/health").status, 200);
    open.send(()).expect("it waits");
    assert_eq!(waiting.join().expect("an answer")["reply"], "held");
}

#[test]
fn another_token_shuts_out_the_old_one() {
    let fake = echo();
    let home = home(&fake, "", "").env("OTHER_TOKEN", "another-token-that-is-long");
    let daemon = Hook::start(&home);
    assert_eq!(daemon.say("one")["reply"], "Answer to one.");
    reload(&daemon, &home, &hook("", "").replace("HOOK_TOKEN", "OTHER_TOKEN"));
    assert!(until(|| daemon.client().get("/message/x").status == 401));
    let other = Client::bare(daemon.address).with("authorization", "Bearer another-token-that-is-long");
    assert_eq!(other.post("/message", &json!({ "text": "two" })).json(200)["reply"], "Answer to two.");
    // Nobody gets in by a token that cannot be fetched any more.
    reload(&daemon, &home, &hook("", "").replace("env:HOOK_TOKEN", "file:gone"));
    assert!(until(|| TcpStream::connect(daemon.address).is_err()));
}

#[test]
fn a_channel_that_is_gone_is_closed() {
    let fake = echo();
    let home = home(&fake, "", "");
    let daemon = Hook::start(&home);
    let address: SocketAddr = daemon.address;
    reload(&daemon, &home, "return");
    assert!(until(|| TcpStream::connect(address).is_err()));
    assert!(daemon.daemon.status()["channels"]["hook"].is_null());
}

#[test]
fn other_people_may_speak_at_once() {
    let fake = echo();
    let home = home(&fake, "users = { 'ada' }", "");
    let daemon = Hook::start(&home);
    daemon.post(&json!({ "text": "one", "user": "bob" })).json(403);
    reload(&daemon, &home, &hook("users = { 'bob' }", ""));
    assert!(until(|| daemon.post(&json!({ "text": "two", "user": "bob" })).status == 200));
    daemon.post(&json!({ "text": "three", "user": "ada" })).json(403);
}
