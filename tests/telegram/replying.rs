//! What a person sees above a message, because it answers to another one, the model reads as well.

use crate::{
    echo, heard, home, said, shows, start,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        fake_telegram::{ADA, BOB, BOT, FakeTelegram},
        program::until,
    },
};
use serde_json::{Value, json};

const GROUP: i64 = -1_001_000;

fn bobs(id: i64, content: Value) -> Value {
    message(id, json!({"id": BOB, "is_bot": false, "first_name": "Bob"}), content)
}

fn own(id: i64, text: &str) -> Value {
    message(id, json!({"id": BOT, "is_bot": true, "first_name": "Pista"}), json!({"text": text}))
}

fn message(id: i64, from: Value, content: Value) -> Value {
    let mut message =
        json!({"message_id": id, "date": 1, "chat": {"id": ADA, "type": "private"}, "from": from});
    for (key, value) in content.as_object().expect("fields") {
        message[key] = value.clone();
    }
    message
}

#[test]
fn what_a_job_or_a_hook_sent_is_quoted_and_the_last_answer_is_not() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "");
    let lua = std::fs::read_to_string(home.config().join("init.lua")).expect("it is there");
    home.init(&format!(
        "{lua}pista.command('job', {{}}, function() pista.send('telegram:{ADA}', 'The backup **failed**.') end)"
    ));
    let daemon = start(&home);
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    let answer = telegram.sent(ADA)[0].id;
    telegram.said(ADA, ADA, "go on", json!({"reply_to_message": own(answer, "You said: hello")}));
    assert!(telegram.awaits(ADA, |texts| texts.last().is_some_and(|text| text == "You said: go on")));
    telegram.says(ADA, "/job");
    assert!(telegram.awaits(ADA, |texts| texts.last().is_some_and(|text| text == "The backup failed.")));
    let sent = telegram.sent(ADA).last().expect("it was sent").id;
    telegram.said(ADA, ADA, "why?", json!({"reply_to_message": own(sent, "The backup failed.")}));
    let quoted = "You said: [in reply to your own message: The backup failed.]\nwhy?";
    assert!(
        telegram.awaits(ADA, |texts| texts.last().is_some_and(|text| text == quoted)),
        "{:?}",
        telegram.texts(ADA)
    );
    // An answer that was not the last one: which is meant is not clear otherwise.
    telegram.said(ADA, ADA, "and this", json!({"reply_to_message": own(answer, "You said: hello")}));
    let older = "You said: [in reply to your own message: You said: hello]\nand this";
    assert!(
        telegram.awaits(ADA, |texts| texts.last().is_some_and(|text| text == older)),
        "{:?}",
        telegram.texts(ADA)
    );
    daemon.stop().ok();
}

#[test]
fn a_part_that_is_quoted_and_what_is_elsewhere_are_told() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.file("p", "photos/1", b"picture");
    let daemon = start(&home(&model, &telegram, ""));
    let origin =
        json!({"type": "channel", "chat": {"id": -5, "type": "channel", "title": "News"}, "date": 1});
    let long = "x".repeat(3_000);
    let cases = [
        (
            json!({"quote": {"text": "the end", "position": 3}, "reply_to_message": own(9_000, "all of the end")}),
            "[in reply to your own message: the end]".to_owned(),
        ),
        (
            json!({"external_reply": {"origin": origin}, "quote": {"text": "the rate rose", "position": 0}}),
            "[in reply to News: the rate rose]".to_owned(),
        ),
        (
            json!({"external_reply": {"origin": origin, "dice": {"emoji": "🎲", "value": 2}}}),
            "[in reply to News: [dice 🎲: 2]]".to_owned(),
        ),
        (
            json!({"reply_to_story": {"id": 1, "chat": {"id": -5, "type": "channel", "title": "News"}}}),
            "[in reply to a story of News]".to_owned(),
        ),
        (
            json!({"reply_to_message": bobs(50, json!({"text": "see here", "entities": [
                {"type": "text_link", "offset": 4, "length": 4, "url": "https://e.org"}]}))}),
            "[in reply to Bob: see [here](https://e.org)]".to_owned(),
        ),
        (
            json!({"reply_to_message": bobs(51, json!({"text": long}))}),
            format!("[in reply to Bob: {}…]", "x".repeat(1_000)),
        ),
        (
            json!({"reply_to_message": bobs(52, json!({"poll": {"question": "Lunch?"}}))}),
            "[in reply to Bob: [poll: Lunch?]]".to_owned(),
        ),
        (
            json!({"reply_to_checklist_task_id": 2, "reply_to_message": bobs(56, json!({"checklist":
                {"title": "Trip", "tasks": [{"id": 1, "text": "pack"}, {"id": 2, "text": "go"}]}}))}),
            "[in reply to Bob: go]".to_owned(),
        ),
        (
            json!({"reply_to_message": bobs(53, json!({"hologram": {"depth": 1}}))}),
            "[in reply to Bob: [a message that cannot be read here]]".to_owned(),
        ),
        (
            json!({"reply_to_message": bobs(54, json!({"photo": [{"file_id": "p"}], "caption": "a cat"}))}),
            format!("[in reply to Bob: a cat [file: inbox/{ADA}-54-photo.jpg]]"),
        ),
        (
            json!({"reply_to_message": {"message_id": 55, "date": 0, "chat": {"id": ADA, "type": "private"}}}),
            "[in reply to ]".to_owned(),
        ),
    ];
    for (n, (reply, line)) in cases.into_iter().enumerate() {
        telegram.said(ADA, ADA, "what?", reply);
        assert!(telegram.awaits(ADA, |texts| texts.len() == n + 1), "{line}: {:?}", telegram.texts(ADA));
        let line = line.replace("[in reply to ]", "[in reply to an older message]");
        assert_eq!(heard(&model), format!("{line}\nwhat?"));
    }
    daemon.stop().ok();
}

#[test]
fn in_a_group_a_picture_without_words_is_fetched_for_who_asks_about_it() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.chat(json!({"id": GROUP, "type": "supergroup", "title": "Kitchen"}));
    telegram.file("p", "photos/1", b"picture");
    let home = home(&model, &telegram, "");
    let daemon = start(&home);
    let picture = bobs(60, json!({"photo": [{"file_id": "p", "width": 1, "height": 1}]}));
    telegram.said(GROUP, ADA, "@pista_test_bot what is this?", json!({"reply_to_message": picture}));
    let file = format!("inbox/{GROUP}-60-photo.jpg");
    shows(&telegram, GROUP, &[&format!("You said: [in reply to Bob: [file: {file}]]\nwhat is this?")]);
    assert_eq!(std::fs::read(home.work().join(&file)).expect("the picture"), b"picture");
    // Without any word the mention means what it answers to.
    let soup = bobs(61, json!({"text": "the soup is hot"}));
    telegram.said(GROUP, ADA, "@pista_test_bot", json!({"reply_to_message": soup}));
    assert!(telegram.awaits(GROUP, |texts| texts.len() == 2));
    assert_eq!(telegram.texts(GROUP)[1], "You said: [in reply to Bob: the soup is hot]");
    daemon.stop().ok();
}

#[test]
fn commands_and_answers_to_questions_are_not_changed_by_what_they_answer_to() {
    let model = FakeOpenAi::answering(|request| {
        let last = request.messages().last().expect("messages");
        match last["role"].as_str() {
            Some("tool") => Reply::text("done"),
            _ if said(request).starts_with("make") => {
                Reply::call("system_run", json!({"argv": ["touch", "made"]}))
            }
            _ => Reply::text(said(request).to_owned()),
        }
    });
    let telegram = FakeTelegram::start();
    let home = home(&model, &telegram, "");
    let daemon = start(&home);
    telegram.said(ADA, ADA, "/status", json!({"reply_to_message": bobs(5, json!({"text": "x"}))}));
    assert!(telegram.awaits(ADA, |texts| texts.len() == 1 && texts[0].starts_with("agent main")));
    telegram.says(ADA, "make it");
    let asked = || telegram.sent(ADA).into_iter().find(|sent| !sent.buttons.is_empty());
    assert!(until(|| asked().is_some()));
    let asked = asked().expect("a question");
    telegram.said(ADA, ADA, "yes", json!({"reply_to_message": own(asked.id, &asked.text)}));
    assert!(
        telegram.awaits(ADA, |texts| texts.iter().any(|text| text == "done")),
        "{:?}",
        telegram.texts(ADA)
    );
    assert!(home.work().join("made").exists());
    daemon.stop().ok();
}
