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

#[test]
fn an_answer_that_would_show_nothing_goes_out_as_it_was_written() {
    let answers = [
        ("-", "•"),
        ("1. one\n2. ", "1. one\n2."),
        ("> - ", "•"),
        (">", ">"),
        ("#", "#"),
        ("![](https://example.org/a.png)", "https://example.org/a.png"),
        ("[](https://example.org)", "https://example.org"),
        ("~example~ and ~/.config", "~example~ and ~/.config"),
        ("Edit __init__.py", "Edit __init__.py"),
        ("**\"말\"**입니다", "\"말\"입니다"),
        ("[notes](./notes.md)", "notes (./notes.md)"),
    ];
    let count = std::sync::atomic::AtomicUsize::new(0);
    let model = FakeOpenAi::answering(move |_| {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Reply::text(answers[n].0)
    });
    let telegram = FakeTelegram::start();
    let daemon = start(&home(&model, &telegram, ""));
    for (n, (answer, shown)) in answers.iter().enumerate() {
        telegram.says(ADA, "go");
        assert!(telegram.awaits(ADA, |texts| texts.len() == n + 1), "{answer:?} is not delivered");
        assert_eq!(telegram.texts(ADA)[n], *shown, "{answer:?}");
    }
    assert_eq!(telegram.refusals(), Vec::<String>::new());
    daemon.stop().ok();
}

#[test]
fn without_the_looks_an_address_is_not_lost() {
    let model =
        FakeOpenAi::answering(|_| Reply::text("see **[this](https://example.org/a)** and [b](./c.md)"));
    let telegram = FakeTelegram::start();
    telegram.fault(ADA, Fault::Looks);
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "go");
    shows(&telegram, ADA, &["see this (https://example.org/a) and b (./c.md)"]);
    assert!(!telegram.sent(ADA)[0].html);
    daemon.stop().ok();
}

#[test]
fn a_long_answer_full_of_links_is_whole_also_without_its_looks() {
    let line = |n: usize| format!("[source {n}](https://example.org/a/rather/long/address/{n})\n\n");
    let answer: String = (0..90).map(line).collect();
    let model = FakeOpenAi::answering(move |_| Reply::text(answer.clone()));
    let telegram = FakeTelegram::start();
    telegram.fault(ADA, Fault::Looks);
    let daemon = start(&home(&model, &telegram, ""));
    telegram.says(ADA, "go");
    assert!(telegram.awaits(ADA, |texts| texts.iter().any(|text| text.contains("source 89"))));
    let whole = telegram.texts(ADA).join("\n\n");
    for n in 0..90 {
        assert!(
            whole.contains(&format!("source {n} (https://example.org/a/rather/long/address/{n})")),
            "{n}"
        );
    }
    daemon.stop().ok();
}
