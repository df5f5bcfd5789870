//! Messages that are edited: answered once, where they were not answered before.

use crate::{
    echo, home, shows, start,
    support::{
        fake_telegram::{ADA, FakeTelegram},
        program::until,
    },
};
use serde_json::json;

const GROUP: i64 = -1_001_000;

#[test]
fn an_edit_that_names_the_bot_is_answered_once() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.chat(json!({"id": GROUP, "type": "supergroup", "title": "Kitchen"}));
    let daemon = start(&home(&model, &telegram, ""));
    let id = telegram.said(GROUP, ADA, "what time is it?", json!({}));
    telegram.edits(GROUP, ADA, id, "@pista_test_bot what time is it?");
    shows(&telegram, GROUP, &["You said: what time is it?"]);
    telegram.edits(GROUP, ADA, id, "@pista_test_bot what time is it now?");
    telegram.edits(GROUP, ADA, id, "what time is it now?");
    assert!(until(|| telegram.unconfirmed() == 0));
    let counts = || daemon.status()["dropped"]["telegram"].clone();
    assert!(until(|| counts()["edited after it was taken"] == 1), "{}", counts());
    shows(&telegram, GROUP, &["You said: what time is it?"]);
    assert_eq!(model.count(), 1);
    daemon.stop().ok();
}

#[test]
fn an_edit_that_names_the_bot_in_an_album_is_answered() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.chat(json!({"id": GROUP, "type": "supergroup", "title": "Kitchen"}));
    telegram.file("p", "photos/p", b"p");
    let daemon = start(&home(&model, &telegram, ""));
    let photo = json!({"media_group_id": "7", "photo": [{"file_id": "p", "width": 1, "height": 1}]});
    let id = telegram.arrives(GROUP, ADA, photo);
    let counts = || daemon.status()["dropped"]["telegram"].clone();
    assert!(until(|| counts()["not addressed to the bot"] == 1), "{}", counts());
    telegram.edits(GROUP, ADA, id, "@pista_test_bot look");
    shows(&telegram, GROUP, &["You said: look"]);
    daemon.stop().ok();
}

#[test]
fn what_was_answered_stays_answered_also_as_a_part_of_an_album() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.file("p", "photos/p", b"p");
    let daemon = start(&home(&model, &telegram, ""));
    let one = telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    telegram.edits(ADA, ADA, one, "hello you");
    let photo = || json!({"media_group_id": "7", "photo": [{"file_id": "p", "width": 1, "height": 1}]});
    telegram.arrives(ADA, ADA, photo());
    let second = telegram.arrives(ADA, ADA, photo());
    assert!(telegram.awaits(ADA, |texts| texts.len() == 2));
    telegram.edits(ADA, ADA, second, "a caption that comes later");
    assert!(until(|| telegram.unconfirmed() == 0));
    let counts = || daemon.status()["dropped"]["telegram"].clone();
    assert!(until(|| counts()["edited after it was taken"] == 2), "{}", counts());
    assert_eq!((telegram.texts(ADA).len(), model.count()), (2, 2));
    daemon.stop().ok();
}
