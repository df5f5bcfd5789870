//! A chat with one person.

use crate::{
    echo, home, said, shows, start,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        fake_telegram::{ADA, BOB, FakeTelegram, TOKEN},
        program::until,
    },
};
use serde_json::json;

#[test]
fn a_message_is_answered_and_confirmed() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.says(ADA, "hello");
    let daemon = start(&home(&model, &telegram, ""));
    shows(&telegram, ADA, &["You said: hello"]);
    assert!(until(|| telegram.unconfirmed() == 0), "the update is not confirmed");
    telegram.says(ADA, "and again");
    shows(&telegram, ADA, &["You said: hello", "You said: and again"]);
    // One session: the model is told what was said before.
    let last = model.last_request().expect("a request");
    assert!(last.messages().iter().any(|message| message["content"] == "You said: hello"), "{last:?}");
    let status = daemon.status();
    assert_eq!(status["channels"]["telegram"]["up"], true, "{status}");
    daemon.stop().ok();
    assert_eq!(telegram.refusals(), Vec::<String>::new());
    assert_eq!(telegram.conflicts(), 0);
}

#[test]
fn strangers_get_nothing_and_cost_nothing() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.file("secret", "documents/x.txt", b"x");
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(BOB, "let me in");
    telegram.arrives(
        BOB,
        BOB,
        json!({"document": {
            "file_id": "secret", "file_unique_id": "u", "file_size": 1, "file_name": "x.txt",
        }}),
    );
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    assert!(until(|| telegram.unconfirmed() == 0));
    assert_eq!((telegram.texts(BOB).len(), model.count()), (0, 1));
    assert_eq!(telegram.calls("getFile").len(), 0);
    daemon.stop().ok();
}

#[test]
fn the_owner_hears_of_a_stranger_once() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let daemon = start(&home(&model, &telegram, "pairing = true"));
    telegram.says(BOB, "let me in");
    telegram.says(BOB, "please");
    let told =
        "Bob wrote to this bot and got no answer. To let them in, add 200 to users of telegram in init.lua.";
    shows(&telegram, ADA, &[told]);
    telegram.says(ADA, "who?");
    shows(&telegram, ADA, &[told, "You said: who?"]);
    assert_eq!(telegram.texts(BOB).len(), 0);
    daemon.stop().ok();
}

#[test]
fn commands_act_at_once_and_are_in_the_menu() {
    let model = FakeOpenAi::answering(|request| match said(request) {
        "hang" => Reply::hang(),
        text => Reply::text(format!("You said: {text}")),
    });
    let telegram = FakeTelegram::start();
    let home = home(&model, &telegram, "");
    let lua = std::fs::read_to_string(home.config().join("init.lua")).expect("it is there");
    home.init(&format!(
        "{lua}pista.command('deploy', {{ help = 'ships it' }}, function(_, args) return 'shipped ' .. args.text end)"
    ));
    let daemon = start(&home);
    telegram.says(ADA, "hang");
    assert!(model.saw_requests(1));
    telegram.says(ADA, "/deploy now");
    shows(&telegram, ADA, &["shipped now"]);
    telegram.says(ADA, "/stop");
    shows(&telegram, ADA, &["shipped now", "Stopped."]);
    telegram.says(ADA, "/start");
    assert!(
        telegram.awaits(ADA, |texts| texts.last().is_some_and(|text| text.contains("/deploy  ships it")))
    );
    daemon.stop().ok();
    let menu = telegram.calls("setMyCommands").pop().expect("a menu");
    let names: Vec<_> = menu["commands"].as_array().expect("a list").iter().map(|c| &c["command"]).collect();
    assert_eq!(json!(names), json!(["help", "new", "retry", "status", "stop", "deploy"]));
    assert_eq!(telegram.refusals(), Vec::<String>::new());
}

#[test]
fn typing_is_shown_while_it_works() {
    let model = FakeOpenAi::answering(|request| match said(request) {
        "hang" => Reply::hang(),
        text => Reply::text(text.to_owned()),
    });
    let telegram = FakeTelegram::start();
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "hang");
    assert!(until(|| telegram.calls("sendChatAction").len() == 1), "nothing is shown");
    assert_eq!(telegram.calls("sendChatAction")[0], json!({"chat_id": ADA, "action": "typing"}));
    telegram.says(ADA, "/stop");
    shows(&telegram, ADA, &["Stopped."]);
    daemon.stop().ok();
}

#[test]
fn what_is_no_text_is_put_into_words() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let daemon = start(&home(&model, &telegram, ""));
    telegram.arrives(ADA, ADA, json!({"location": {"latitude": 47.5, "longitude": 19.0}}));
    shows(&telegram, ADA, &["You said: [location: 47.5, 19]"]);
    // What is not known yet, edits, and what happens by itself pass by; what follows is answered.
    telegram.update("message", json!({"some": "thing new"}));
    telegram.update("edited_message", json!({}));
    telegram.arrives(ADA, ADA, json!({"new_chat_title": "A"}));
    telegram.says(ADA, "next");
    shows(&telegram, ADA, &["You said: [location: 47.5, 19]", "You said: next"]);
    assert!(until(|| telegram.unconfirmed() == 0));
    daemon.stop().ok();
}

#[test]
fn the_token_is_nowhere_to_be_read() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let log = "trace,reqwest=trace,hyper_util=trace";
    let daemon = start(&home(&model, &telegram, "").env("OPENPISTA_LOG", log));
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    let url = telegram.url();
    drop(telegram);
    let ran = daemon.stop();
    let secret = TOKEN.split_once(':').expect("two parts").1;
    for text in [&ran.out, &ran.err] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(ran.err.contains(url.trim_start_matches("http://")), "nothing of the connection was logged");
}
