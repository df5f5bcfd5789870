//! Bots on Telegram: the built daemon, a server of the Bot API that keeps the real one's rules, and a
//! model that answers what it is told to.

#[path = "../support/mod.rs"]
mod support;

mod asking;
mod chaos;
mod declaring;
mod editing;
mod failing;
mod files;
mod gathering;
mod groups;
mod holding;
mod killed;
mod kinds;
mod looking;
mod markdown;
mod moving;
mod reading;
mod reloading;
mod replying;
mod standing_in;
mod streaming;
mod talking;

use support::{
    daemon::Daemon,
    fake_openai::{FakeOpenAi, Reply, Request},
    fake_telegram::{ADA, FakeTelegram, TOKEN},
    program::Home,
};

/// A home with a bot on which Ada may speak; `more` are further options.
fn home(model: &FakeOpenAi, telegram: &FakeTelegram, more: &str) -> Home {
    let home = Home::with(model).env("BOT_TOKEN", TOKEN);
    home.init(&bot(telegram, more));
    home
}

fn bot(telegram: &FakeTelegram, more: &str) -> String {
    format!(
        "pista.channel('telegram', {{ token = pista.secret('env:BOT_TOKEN'), users = {{ {ADA} }},\n\
         api = '{}', {more} }})\n",
        telegram.url()
    )
}

/// What the person said last: what stands before it was not answered.
fn said(request: &Request) -> &str {
    request.last_text().rsplit("\n\n").next().unwrap_or_default()
}

/// What the model was told last.
fn heard(model: &FakeOpenAi) -> String {
    model.last_request().map(|request| said(&request).to_owned()).unwrap_or_default()
}

/// A model that repeats what it is told.
fn echo() -> FakeOpenAi {
    FakeOpenAi::answering(|request| Reply::text(format!("You said: {}", said(request))))
}

/// Waits until a chat shows these texts; fails with what it shows else, and what the daemon wrote.
#[track_caller]
fn shows(telegram: &FakeTelegram, chat: i64, texts: &[&str]) {
    let there = telegram.awaits(chat, |shown| shown == texts);
    assert!(there, "{texts:?} is not {:?}; refused: {:?}", telegram.texts(chat), telegram.refusals());
}

#[track_caller]
fn start(home: &Home) -> Daemon {
    Daemon::start(home)
}
