//! Topics that are deleted, and groups that become supergroups.

use crate::{
    bot, echo, home, shows, start,
    support::{
        daemon::Daemon,
        fake_openai::{FakeOpenAi, Reply},
        fake_telegram::{ADA, FakeTelegram, Sent},
        program::{Home, until},
    },
};
use serde_json::json;

const OLD: i64 = -500;
const NEW: i64 = -1_000_500;

fn forum(telegram: &FakeTelegram) {
    telegram.chat(json!({"id": NEW, "type": "supergroup", "title": "Kitchen", "is_forum": true}));
}

/// A home with a command that sends to an address.
fn sending(model: &FakeOpenAi, telegram: &FakeTelegram) -> Home {
    let home = home(model, telegram, "");
    let lua = std::fs::read_to_string(home.config().join("init.lua")).expect("it is there");
    home.init(&format!(
        "{lua}pista.command('send', {{}}, function(_, args)
            pista.send(args[1], {{ text = args[2], files = {{ args[3] }} }}) end)"
    ));
    home
}

#[test]
fn an_answer_to_a_topic_that_is_gone_comes_without_one() {
    let telegram = FakeTelegram::start();
    let model = FakeOpenAi::answering(|_| Reply::hang());
    forum(&telegram);
    let home = sending(&model, &telegram);
    std::fs::write(home.work().join("a.png"), b"\x89PNG rest").expect("a file");
    let daemon = start(&home);
    telegram.topic(NEW, 7);
    telegram.says(ADA, &format!("/send telegram:{NEW}/7 there"));
    assert!(telegram.awaits(NEW, |texts| texts == ["there"]));
    assert_eq!(telegram.sent(NEW)[0].topic, Some(7));
    telegram.delete_topic(NEW, 7);
    telegram.says(ADA, &format!("/send telegram:{NEW}/7 **late**"));
    let gone = "(The topic for this is gone.)";
    assert!(telegram.awaits(NEW, |texts| texts.last().is_some_and(|text| text == &format!("{gone}\nlate"))));
    telegram.says(ADA, &format!("/send telegram:{NEW}/7 seen a.png"));
    assert!(telegram.awaits(NEW, |texts| texts.len() == 3), "{:?}", telegram.refusals());
    let last: Sent = telegram.sent(NEW).pop().expect("a picture");
    assert_eq!((last.text.as_str(), last.topic), (&*format!("{gone}\nseen"), None));
    assert_eq!(last.file.map(|file| file.0), Some("photo".to_owned()));
    daemon.stop().ok();
}

#[test]
fn general_has_no_number() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    forum(&telegram);
    let daemon = start(&sending(&model, &telegram));
    telegram.says(ADA, &format!("/send telegram:{NEW}/1 there"));
    shows(&telegram, NEW, &["there"]);
    let general = json!({"message_thread_id": 1, "is_topic_message": true});
    telegram.said(NEW, ADA, "@pista_test_bot hello", general);
    shows(&telegram, NEW, &["there", "You said: hello"]);
    daemon.stop().ok();
    assert!(telegram.calls("sendMessage").iter().all(|call| call["message_thread_id"].is_null()));
    assert_eq!(telegram.refusals(), Vec::<String>::new());
}

#[test]
fn a_group_that_becomes_a_supergroup_keeps_its_conversation() {
    for tells in [true, false] {
        let (model, telegram) = (echo(), FakeTelegram::start());
        telegram.chat(json!({"id": OLD, "type": "group", "title": "Kitchen"}));
        let home = sending(&model, &telegram);
        let daemon = start(&home);
        telegram.said(OLD, ADA, "@pista_test_bot one", json!({}));
        shows(&telegram, OLD, &["You said: one"]);
        telegram.upgrade(OLD, NEW, tells);
        if !tells {
            // The first message that is sent tells.
            telegram.says(ADA, &format!("/send telegram:{OLD} note"));
            shows(&telegram, NEW, &["note"]);
        }
        telegram.said(NEW, ADA, "@pista_test_bot two", json!({}));
        assert!(telegram.awaits(NEW, |texts| texts.last().is_some_and(|text| text == "You said: two")));
        let last = model.last_request().expect("a request");
        assert!(last.messages().iter().any(|message| message["content"] == "You said: one"), "{last:?}");
        daemon.stop().ok();
        // The next program knows it, too: the old chat is not asked again.
        let before = telegram.refusals().len();
        let daemon = Daemon::start(&home);
        telegram.says(ADA, &format!("/send telegram:{OLD} later"));
        assert!(telegram.awaits(NEW, |texts| texts.last().is_some_and(|text| text == "later")));
        assert_eq!(telegram.refusals().len(), before, "{:?}", telegram.refusals());
        daemon.stop().ok();
    }
}

#[test]
fn a_question_that_was_asked_in_a_group_can_be_answered_where_it_moved() {
    let telegram = FakeTelegram::start();
    let model = FakeOpenAi::answering(|request| {
        let last = request.messages().last().expect("messages");
        match last["role"].as_str() {
            Some("tool") => Reply::text("done"),
            _ => Reply::call("system_run", json!({"argv": ["touch", "made"]})),
        }
    });
    telegram.chat(json!({"id": OLD, "type": "group", "title": "Kitchen"}));
    let home = home(&model, &telegram, "");
    home.init(&bot(&telegram, ""));
    let daemon = start(&home);
    telegram.said(OLD, ADA, "@pista_test_bot make it", json!({}));
    assert!(until(|| telegram.sent(OLD).iter().any(|sent| !sent.buttons.is_empty())));
    telegram.upgrade(OLD, NEW, true);
    assert!(until(|| telegram.unconfirmed() == 0));
    telegram.said(NEW, ADA, "yes @pista_test_bot", json!({}));
    assert!(
        telegram.awaits(NEW, |texts| texts.last().is_some_and(|text| text == "done")),
        "{:?}",
        telegram.texts(NEW)
    );
    assert!(home.work().join("made").exists());
    daemon.stop().ok();
}
