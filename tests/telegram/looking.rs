//! How answers look.

use crate::{
    home, shows, start,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        fake_telegram::{ADA, FakeTelegram, Fault},
        program::until,
    },
};

#[test]
fn a_long_answer_comes_in_order_and_a_part_that_failed_is_sent_alone() {
    let line = |n: usize| format!("line {n} of the **answer**, with `code` & more\n\n");
    let answer: String = (0..300).map(line).collect();
    let long = answer;
    let model = FakeOpenAi::answering(move |_| Reply::text(long.clone()));
    let telegram = FakeTelegram::start();
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "go");
    assert!(until(|| telegram.texts(ADA).len() == 4), "{:?}", telegram.texts(ADA).len());
    telegram.fault(ADA, Fault::TooMany(1));
    telegram.says(ADA, "go");
    assert!(until(|| telegram.texts(ADA).len() == 8));
    daemon.stop().ok();
    let sent = telegram.sent(ADA);
    assert!(sent.iter().all(|sent| sent.html && sent.raw.contains("<b>answer</b>")));
    let whole = telegram.texts(ADA)[..4].join("\n\n");
    let lines: Vec<_> = whole.split("\n\n").collect();
    assert_eq!(lines.len(), 300);
    assert_eq!(lines[299], "line 299 of the answer, with code & more");
    assert_eq!(telegram.texts(ADA)[..4], telegram.texts(ADA)[4..]);
}

#[test]
fn links_are_not_followed() {
    let model = FakeOpenAi::answering(|_| Reply::text("see [this](https://example.org/?secret=1)"));
    let telegram = FakeTelegram::start();
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "go");
    shows(&telegram, ADA, &["see this"]);
    daemon.stop().ok();
    let call = telegram.calls("sendMessage").pop().expect("a message");
    assert_eq!(call["link_preview_options"]["is_disabled"], true, "{call}");
}
