//! Servers that stand in for Telegram's, and Telegram's on a bad day.

use crate::{
    echo, home, shows, start,
    support::{
        fake_telegram::{ADA, FakeTelegram},
        program::until,
    },
};
use serde_json::json;

#[test]
fn nothing_but_get_me_comes_before_the_first_poll() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    daemon.stop().ok();
    let methods = telegram.methods();
    assert_eq!(methods[..2], ["getMe", "getUpdates"], "{methods:?}");
    assert!(methods.contains(&"setMyCommands".to_owned()));
}

#[test]
fn a_menu_that_cannot_be_set_holds_up_nothing() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.breaks("setMyCommands", 404, r#"{"ok":false,"error_code":404,"description":"Not Found"}"#);
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    let log = daemon.stop().err;
    assert!(log.contains("the menu of commands was not set: Telegram refuses setMyCommands"), "{log}");
}

#[test]
fn no_more_is_needed_of_who_the_bot_is_than_its_number() {
    for me in [json!({"id": 4242}), json!({"username": "pista_test_bot"}), json!({})] {
        let (model, telegram) = (echo(), FakeTelegram::start());
        telegram.is(me);
        let daemon = start(&home(&model, &telegram, ""));
        telegram.says(ADA, "hello");
        shows(&telegram, ADA, &["You said: hello"]);
        daemon.stop().ok();
    }
}

#[test]
fn an_answer_that_makes_no_sense_is_told_with_its_beginning() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.breaks("getMe", 200, "<html>Please log in to the Wi-Fi");
    let daemon = start(&home(&model, &telegram, ""));
    let faring = || daemon.status()["channels"]["telegram"].clone();
    let told = || faring()["last_error"].as_str().unwrap_or_default().to_owned();
    assert!(
        until(|| told().contains("getMe") && told().contains("200") && told().contains("<html>Please")),
        "{}",
        faring()
    );
    // It is tried again.
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    daemon.stop().ok();
}

#[test]
fn a_server_that_knows_no_such_address_is_told_apart_from_a_wrong_token() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let not_found = r#"{"ok":false,"error_code":404,"description":"Not Found"}"#;
    telegram.breaks("getMe", 404, not_found);
    let daemon = start(&home(&model, &telegram, ""));
    let faring = || daemon.status()["channels"]["telegram"].clone();
    assert!(
        until(|| faring()["last_error"].as_str().is_some_and(|error| error.contains("`api`"))),
        "{}",
        faring()
    );
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    daemon.stop().ok();
}

#[test]
fn a_server_that_breaks_down_is_asked_again_soon() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "one");
    shows(&telegram, ADA, &["You said: one"]);
    telegram.breaks("sendMessage", 502, "<html>Bad Gateway");
    telegram.breaks(
        "getUpdates",
        500,
        r#"{"ok":false,"error_code":500,"description":"Internal Server Error"}"#,
    );
    telegram.says(ADA, "two");
    let again = "(Sent again after an interruption: it may have arrived before.)\nYou said: two";
    shows(&telegram, ADA, &["You said: one", again]);
    daemon.stop().ok();
}
