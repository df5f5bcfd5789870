//! May this call run? Answered by a button.

use crate::{
    home, shows, start,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        fake_telegram::{ADA, BOB, FakeTelegram, Sent},
        program::until,
    },
};
use serde_json::json;

const GROUP: i64 = -1_001_000;

/// A model that wants to touch the file that the message names last.
fn touching() -> FakeOpenAi {
    FakeOpenAi::answering(|request| {
        let last = request.messages().last().expect("messages");
        match last["role"].as_str() {
            Some("tool") => {
                Reply::text(format!("Result: {}", request.last_text().lines().next().unwrap_or_default()))
            }
            _ => Reply::call(
                "system_run",
                json!({"argv": ["touch", request.last_text().split(' ').next_back().expect("a word")]}),
            ),
        }
    })
}

#[track_caller]
fn question(telegram: &FakeTelegram, chat: i64) -> Sent {
    let asked = || telegram.sent(chat).into_iter().rev().find(|sent| !sent.buttons.is_empty());
    assert!(until(|| asked().is_some()), "nothing was asked: {:?}", telegram.texts(chat));
    asked().expect("it is there")
}

#[test]
fn a_press_decides_and_counts_once() {
    let (model, telegram) = (touching(), FakeTelegram::start());
    let home = home(&model, &telegram, "");
    let daemon = start(&home);
    telegram.says(ADA, "made");
    let asked = question(&telegram, ADA);
    assert!(asked.text.contains("touch") && asked.buttons.len() == 2, "{asked:?}");
    assert!(asked.buttons[0].starts_with("yes:") && asked.buttons[1].starts_with("no:"), "{asked:?}");
    assert!(!home.work().join("made").exists());
    let press = telegram.presses(ADA, &asked, &asked.buttons[0]);
    assert!(until(|| telegram.told(&press).is_some()));
    assert!(
        telegram
            .awaits(ADA, |texts| texts.last().is_some_and(|text| text.starts_with("Result: exit code 0")))
    );
    assert!(home.work().join("made").exists());
    // The buttons are gone; who has them on the screen still is told that it is over.
    assert!(until(|| telegram.sent(ADA)[0].buttons.is_empty()));
    let late = telegram.presses(ADA, &asked, &asked.buttons[1]);
    assert!(until(|| telegram.told(&late).is_some()));
    assert_ne!(telegram.told(&late), telegram.told(&press));
    daemon.stop().ok();
}

#[test]
fn the_call_is_shown_to_the_letter() {
    let argv = ["grep", "*.rs", "*.py", "__init__", "`x`", "[a](b)", "~~c~~", "# d", "<b>", "**e**"];
    let model = FakeOpenAi::answering(move |request| {
        let last = request.messages().last().expect("messages");
        match last["role"].as_str() {
            Some("tool") => Reply::text("done"),
            _ => Reply::call("system_run", json!({"argv": argv})),
        }
    });
    let telegram = FakeTelegram::start();
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "go");
    let asked = question(&telegram, ADA);
    for word in argv {
        assert!(asked.text.contains(word), "{word} is not in {}", asked.text);
    }
    telegram.says(ADA, "no");
    daemon.stop().ok();
}

#[test]
fn nobody_else_can_press() {
    let (model, telegram) = (touching(), FakeTelegram::start());
    telegram.chat(json!({"id": GROUP, "type": "supergroup", "title": "Kitchen"}));
    let home = home(&model, &telegram, "");
    let lua = std::fs::read_to_string(home.config().join("init.lua")).expect("it is there");
    // Bob may speak, too; the question is Ada's.
    home.init(&lua.replace("{ 100 }", "{ 100, 200 }, owners = { 100 }"));
    let daemon = start(&home);
    telegram.said(GROUP, ADA, "@pista_test_bot made", json!({}));
    let asked = question(&telegram, GROUP);
    for user in [BOB, 300] {
        let press = telegram.presses(user, &asked, &asked.buttons[0]);
        assert!(until(|| telegram.told(&press).is_some()));
        assert!(!home.work().join("made").exists());
    }
    assert_eq!(telegram.sent(GROUP)[0].buttons, asked.buttons, "others must not take the buttons away");
    telegram.presses(ADA, &asked, &asked.buttons[1]);
    assert!(telegram.awaits(GROUP, |texts| texts.last().is_some_and(|text| text.contains("denied"))));
    assert!(!home.work().join("made").exists());
    daemon.stop().ok();
}

#[test]
fn words_do_as_well() {
    let (model, telegram) = (touching(), FakeTelegram::start());
    let home = home(&model, &telegram, "");
    let daemon = start(&home);
    telegram.says(ADA, "made");
    question(&telegram, ADA);
    telegram.says(ADA, "yes");
    assert!(telegram.awaits(ADA, |texts| texts.iter().any(|text| text.starts_with("Result: exit code 0"))));
    daemon.stop().ok();
    shows(&telegram, BOB, &[]);
}
