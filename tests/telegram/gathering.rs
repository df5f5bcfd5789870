//! What belongs together is one message, in however many it comes.

use crate::{
    bot, echo, home, said, shows, start,
    support::{
        daemon::Daemon,
        fake_openai::{FakeOpenAi, Reply},
        fake_telegram::{ADA, BOB, FakeTelegram, TOKEN},
        program::{Home, until},
    },
};
use serde_json::{Value, json};
use std::{
    process::{Child, Stdio},
    time::Duration,
};

const GROUP: i64 = -1_001_000;

fn photo(album: &str) -> Value {
    json!({"media_group_id": album, "photo": [{"file_id": "p", "width": 1, "height": 1}]})
}

fn forward(n: usize) -> Value {
    json!({"text": format!("news {n}"), "forward_origin": {"type": "hidden_user", "sender_user_name": "Eve"}})
}

fn group(telegram: &FakeTelegram) {
    telegram.chat(json!({"id": GROUP, "type": "supergroup", "title": "Kitchen"}));
    telegram.file("p", "photos/p", b"p");
}

/// Waits until what was said is confirmed, so that what follows comes by another poll.
#[track_caller]
fn confirmed(telegram: &FakeTelegram) {
    assert!(until(|| telegram.unconfirmed() == 0), "something is not confirmed");
}

#[test]
fn an_album_that_comes_in_two_polls_is_one_turn() {
    for gather in ["", "gather = 0"] {
        let (model, telegram) = (echo(), FakeTelegram::start());
        group(&telegram);
        let daemon = start(&home(&model, &telegram, gather));
        let mut first = photo("7");
        first["caption"] = "look".into();
        let one = telegram.arrives(ADA, ADA, first);
        confirmed(&telegram);
        let two = telegram.arrives(ADA, ADA, photo("7"));
        let files = format!("[file: inbox/{ADA}-{one}-photo.jpg]\n[file: inbox/{ADA}-{two}-photo.jpg]");
        shows(&telegram, ADA, &[&format!("You said: look\n{files}")]);
        assert_eq!(model.count(), 1);
        daemon.stop().ok();
    }
}

#[test]
fn another_text_between_the_parts_of_an_album_loses_none() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    group(&telegram);
    let home = home(&model, &telegram, "");
    home.init(&bot(&telegram, "").replace("{ 100 }", "{ 100, 200 }"));
    let daemon = start(&home);
    let one = telegram.arrives(GROUP, ADA, {
        let mut first = photo("7");
        first["caption"] = "@pista_test_bot look".into();
        first["caption_entities"] = json!([{"type": "mention", "offset": 0, "length": 15}]);
        first
    });
    telegram.said(GROUP, BOB, "@pista_test_bot and me?", json!({}));
    let two = telegram.arrives(GROUP, ADA, photo("7"));
    let album = format!(
        "You said: look\n[file: inbox/{GROUP}-{one}-photo.jpg]\n[file: inbox/{GROUP}-{two}-photo.jpg]"
    );
    assert!(telegram.awaits(GROUP, |texts| texts.len() == 2), "{:?}", telegram.texts(GROUP));
    let texts = telegram.texts(GROUP);
    assert!(texts.contains(&album) && texts.contains(&"You said: and me?".to_owned()), "{texts:?}");
    daemon.stop().ok();
}

#[test]
fn a_caption_may_stand_at_any_part() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    group(&telegram);
    let daemon = start(&home(&model, &telegram, ""));
    let one = telegram.arrives(GROUP, ADA, photo("7"));
    confirmed(&telegram);
    let two = telegram.arrives(GROUP, ADA, {
        let mut last = photo("7");
        last["caption"] = "@pista_test_bot look".into();
        last["caption_entities"] = json!([{"type": "mention", "offset": 0, "length": 15}]);
        last
    });
    let files = format!("[file: inbox/{GROUP}-{one}-photo.jpg]\n[file: inbox/{GROUP}-{two}-photo.jpg]");
    shows(&telegram, GROUP, &[&format!("You said: look\n{files}")]);
    // One that names the bot nowhere is none of its business.
    telegram.arrives(GROUP, ADA, photo("8"));
    telegram.arrives(GROUP, ADA, photo("8"));
    confirmed(&telegram);
    let counts = || daemon.status()["dropped"]["telegram"].clone();
    assert!(until(|| counts()["not addressed to the bot"] == 2), "{}", counts());
    assert_eq!((telegram.texts(GROUP).len(), telegram.calls("getFile").len()), (1, 2));
    daemon.stop().ok();
}

#[test]
fn twenty_forwards_after_a_mention_are_one_turn() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    group(&telegram);
    let daemon = start(&home(&model, &telegram, ""));
    telegram.said(GROUP, ADA, "@pista_test_bot summarise these:", json!({}));
    confirmed(&telegram);
    for n in 0..20 {
        telegram.arrives(GROUP, ADA, forward(n));
        if n % 7 == 0 {
            confirmed(&telegram);
        }
    }
    let news: String = (0..20).map(|n| format!("\n[forwarded from Eve] news {n}")).collect();
    shows(&telegram, GROUP, &[&format!("You said: summarise these:{news}")]);
    assert_eq!(model.count(), 1);
    // What is forwarded later is not meant for the bot.
    std::thread::sleep(Duration::from_millis(1_700));
    telegram.arrives(GROUP, ADA, forward(20));
    confirmed(&telegram);
    assert_eq!(model.count(), 1);
    daemon.stop().ok();
}

#[test]
fn several_messages_in_a_row_are_one_turn() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    for text in ["one", "two", "three"] {
        telegram.says(ADA, text);
    }
    let daemon = start(&home(&model, &telegram, ""));
    shows(&telegram, ADA, &["You said: one\ntwo\nthree"]);
    // What is said to an answer is a message of its own, at once.
    telegram.says(ADA, "thanks");
    shows(&telegram, ADA, &["You said: one\ntwo\nthree", "You said: thanks"]);
    daemon.stop().ok();
}

#[test]
fn a_file_and_what_is_said_about_it_are_one_turn() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    group(&telegram);
    let daemon = start(&home(&model, &telegram, ""));
    let id = telegram.arrives(ADA, ADA, json!({"document": {"file_id": "p", "file_name": "a.pdf"}}));
    confirmed(&telegram);
    telegram.says(ADA, "what is in it?");
    shows(&telegram, ADA, &[&format!("You said: [file: inbox/{ADA}-{id}-a.pdf]\nwhat is in it?")]);
    daemon.stop().ok();
}

#[test]
fn commands_and_answers_are_not_held_back() {
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
    let home = home(&model, &telegram, "gather = 10");
    let daemon = start(&home);
    telegram.says(ADA, "make it");
    assert!(until(|| telegram.sent(ADA).iter().any(|sent| !sent.buttons.is_empty())));
    // This waits for what may follow; the rest does not.
    telegram.says(ADA, "by the way:");
    telegram.says(ADA, "/help");
    assert!(telegram.awaits(ADA, |texts| texts.last().is_some_and(|text| text.contains("/stop"))));
    telegram.says(ADA, "yes");
    assert!(
        telegram.awaits(ADA, |texts| texts.iter().any(|text| text == "done")),
        "{:?}",
        telegram.texts(ADA)
    );
    // What waits is forgotten with what runs.
    telegram.says(ADA, "and then:");
    confirmed(&telegram);
    telegram.says(ADA, "/stop");
    assert!(
        telegram.awaits(ADA, |texts| texts.last().is_some_and(|text| text.starts_with("Stopped"))),
        "{:?}",
        telegram.texts(ADA)
    );
    daemon.stop().ok();
}

fn spawn(home: &Home) -> Child {
    let mut command = home.command(["start"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("it starts")
}

#[test]
fn what_was_gathered_survives_a_kill() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    group(&telegram);
    let home = Home::with(&model).env("BOT_TOKEN", TOKEN);
    home.init(&bot(&telegram, "gather = 3"));
    let mut child = spawn(&home);
    let mut first = photo("7");
    first["caption"] = "look:".into();
    let one = telegram.arrives(ADA, ADA, first);
    let two = telegram.arrives(ADA, ADA, photo("7"));
    telegram.arrives(ADA, ADA, forward(1));
    // Confirmed is what is stored.
    confirmed(&telegram);
    child.kill().expect("killed");
    child.wait().expect("a status");
    assert_eq!(model.count(), 0, "it was answered before the kill: the test proves nothing");
    let three = telegram.arrives(ADA, ADA, photo("7"));
    let daemon = Daemon::start(&home);
    let file = |id: i64| format!("[file: inbox/{ADA}-{id}-photo.jpg]");
    let album = format!("look:\n{}\n{}\n{}", file(one), file(two), file(three));
    shows(&telegram, ADA, &[&format!("You said: {album}\n[forwarded from Eve] news 1")]);
    // Nothing of it comes again.
    daemon.stop().ok();
    let daemon = Daemon::start(&home);
    telegram.says(ADA, "hello");
    assert!(telegram.awaits(ADA, |texts| texts.last().is_some_and(|text| text == "You said: hello")));
    assert_eq!(model.count(), 2);
    daemon.stop().ok();
}
