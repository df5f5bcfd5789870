//! Groups and topics: the bot speaks when it is spoken to.

use crate::{
    echo, home, shows, start,
    support::fake_telegram::{ADA, BOB, BOT, FakeTelegram},
};
use serde_json::json;

const GROUP: i64 = -1_001_000;

#[test]
fn in_a_group_it_answers_when_it_is_meant() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.chat(json!({"id": GROUP, "type": "supergroup", "title": "Kitchen"}));
    let daemon = start(&home(&model, &telegram, ""));
    let id = telegram.said(GROUP, BOB, "the soup is hot", json!({}));
    telegram.said(GROUP, ADA, "is it?", json!({}));
    telegram.said(GROUP, ADA, "/status", json!({}));
    telegram.said(GROUP, ADA, "/status@another_bot", json!({}));
    telegram.said(GROUP, BOB, "@pista_test_bot tell me", json!({}));
    telegram.said(GROUP, ADA, "/status@pista_test_bot", json!({}));
    assert!(telegram.awaits(GROUP, |texts| texts.len() == 1));
    assert!(telegram.texts(GROUP)[0].starts_with("agent main"), "{:?}", telegram.texts(GROUP));
    telegram.said(GROUP, ADA, "@Pista_Test_Bot what do you say?", json!({}));
    telegram.awaits(GROUP, |texts| texts.len() == 2);
    // To somebody else's message, which the bot is told.
    let soup = json!({"message_id": id, "date": 1, "text": "the soup is hot",
        "chat": {"id": GROUP, "type": "supergroup", "title": "Kitchen"},
        "from": {"id": BOB, "is_bot": false, "first_name": "Bob"}});
    telegram.said(GROUP, ADA, "@pista_test_bot and this?", json!({"reply_to_message": soup}));
    telegram.awaits(GROUP, |texts| texts.len() == 3);
    // To the bot's own, which it did not say in this conversation.
    let own = json!({"message_id": 9_000, "date": 1, "text": "x",
        "chat": {"id": GROUP, "type": "supergroup", "title": "Kitchen"},
        "from": {"id": BOT, "is_bot": true, "first_name": "Pista", "username": "pista_test_bot"}});
    telegram.said(GROUP, ADA, "go on", json!({"reply_to_message": own}));
    telegram.awaits(GROUP, |texts| texts.len() == 4);
    assert_eq!(
        telegram.texts(GROUP)[1..],
        [
            "You said: what do you say?",
            "You said: [in reply to Bob: the soup is hot]\nand this?",
            "You said: [in reply to your own message: x]\ngo on"
        ]
    );
    daemon.stop().ok();
}

#[test]
fn each_topic_is_a_conversation_of_its_own() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.chat(json!({"id": GROUP, "type": "supergroup", "title": "Kitchen", "is_forum": true}));
    let daemon = start(&home(&model, &telegram, ""));
    let topic = |id: i64| json!({"message_thread_id": id, "is_topic_message": true});
    telegram.said(GROUP, ADA, "@pista_test_bot one", topic(7));
    shows(&telegram, GROUP, &["You said: one"]);
    telegram.said(GROUP, ADA, "@pista_test_bot two", topic(8));
    shows(&telegram, GROUP, &["You said: one", "You said: two"]);
    let topics: Vec<_> = telegram.sent(GROUP).iter().map(|sent| sent.topic).collect();
    assert_eq!(topics, [Some(7), Some(8)]);
    let last = model.last_request().expect("a request");
    assert!(!last.body.to_string().contains("You said: one"), "another topic's words are known: {last:?}");
    daemon.stop().ok();
}
