//! The channel for programs: a daemon of the built program, and clients that speak HTTP to it.

#[path = "../support/mod.rs"]
mod support;

mod approving;
mod callbacks;
mod client;
mod counting;
mod crowd;
mod pages;
mod rates;
mod refusing;
mod reloading;
mod repeating;
mod restarting;
mod talking;
mod texts;

use client::{Answer, Client};
use serde_json::{Value, json};
use std::{cell::RefCell, net::SocketAddr};
use support::{
    daemon::Daemon,
    fake_openai::{FakeOpenAi, Reply, Request},
    program::{Home, until},
};

const TOKEN: &str = "a-token-that-is-long-enough";

/// A model that answers what was said last.
fn echo() -> FakeOpenAi {
    FakeOpenAi::answering(|request| Reply::text(format!("Answer to {}.", said(request))))
}

/// What the person said last: what stands before it is older, and was not answered.
fn said(request: &Request) -> &str {
    request.last_text().rsplit("\n\n").next().unwrap_or_default()
}

/// A home whose init.lua has the channel `hook` with further options, and more.
fn home(fake: &FakeOpenAi, options: &str, more: &str) -> Home {
    let home = Home::with(fake).env("HOOK_TOKEN", TOKEN);
    home.init(&hook(options, more));
    home
}

fn hook(options: &str, more: &str) -> String {
    format!(
        "pista.channel('hook', {{ kind = 'http', listen = '127.0.0.1:0', token = pista.secret('env:HOOK_TOKEN'),
        {options} }})\n{more}"
    )
}

/// A daemon whose channel `hook` is up.
struct Hook {
    daemon: Daemon,
    address: SocketAddr,
}

impl Hook {
    fn start(home: &Home) -> Self {
        let daemon = Daemon::start(home);
        let address = listening(&daemon);
        Self { daemon, address }
    }

    /// Says something and waits for the answer.
    #[track_caller]
    fn say(&self, text: &str) -> Value {
        self.post(&json!({ "text": text })).json(200)
    }

    #[track_caller]
    fn post(&self, body: &Value) -> Answer {
        self.client().post("/message", body)
    }

    #[track_caller]
    fn get(&self, path: &str) -> Answer {
        self.client().get(path)
    }

    fn client(&self) -> Client {
        Client::new(self.address)
    }

    fn kill(self) {
        self.daemon.signal("KILL");
        assert_eq!(self.daemon.wait().signal, Some(9));
    }
}

/// Where the channel listens, as soon as it does.
#[track_caller]
fn listening(daemon: &Daemon) -> SocketAddr {
    let status = RefCell::new(Value::Null);
    let there = until(|| {
        *status.borrow_mut() = daemon.status();
        status.borrow()["channels"]["hook"]["listen"].is_string()
    });
    assert!(there, "the channel does not listen: {}", status.borrow());
    let status = status.into_inner();
    status["channels"]["hook"]["listen"].as_str().and_then(|text| text.parse().ok()).expect("an address")
}
