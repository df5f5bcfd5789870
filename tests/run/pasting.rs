//! A message that is longer than what the model can read.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use serde_json::json;
use std::fs;

/// About a megabyte, of which each line is another.
fn long() -> String {
    (0..40_000).map(|n| format!("line {n} of many lines\n")).collect()
}

/// The file that a text names.
fn place(text: &str) -> String {
    let begin =
        text.find("all of it is in ").unwrap_or_else(|| panic!("no file: {text}")) + "all of it is in ".len();
    let rest = &text[begin..];
    rest[..rest.find(".spill").expect("it is there") + ".spill".len()].to_owned()
}

#[test]
fn it_is_kept_whole_and_both_are_told() {
    let fake = FakeOpenAi::answering(|request| match request.messages().last().unwrap()["role"].as_str() {
        Some("tool") => Reply::text("read"),
        _ => Reply::calls([(
            "fs_read",
            json!({"path": place(request.last_text()), "offset": 20_000, "limit": 2}),
        )]),
    });
    let home = Home::with(&fake);
    let text = long();
    let ran = home.pipe(["run", "-e", "summarise this", "-e", "-"], &text).ok();
    assert_eq!(ran.out, "read\n");
    for words in ["too long for server/fake-model", "kept whole in ", &format!("{} bytes", text.len() + 16)] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    let requests = fake.requests();
    let said = requests[0].last_text();
    assert!(said.starts_with("summarise this\n\nline 0 of many lines\n"), "{}", &said[..200]);
    assert!(said.ends_with("line 39999 of many lines\n") && said.len() < 30_000, "{}", said.len());
    assert_eq!(fs::read_to_string(place(said)).unwrap(), format!("summarise this\n\n{text}"));
    let result = requests[1].messages().last().unwrap()["content"].as_str().unwrap().to_owned();
    assert!(result.contains("line 19997 of many lines"), "{result}");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn what_fits_goes_as_it_is() {
    let fake = FakeOpenAi::answering(|_| Reply::text("ok"));
    let home = Home::with(&fake);
    let text: String = long().chars().take(150_000).collect();
    let ran = home.pipe(["run", "-e", "-"], &text).ok();
    assert!(!ran.err.contains("too long"), "{}", ran.err);
    assert_eq!(fake.requests()[0].last_text().trim_end(), text.trim_end());
    // In a smaller window the same is too long.
    let home = home.env("OPENPISTA_CONTEXT_WINDOW", "16384");
    let ran = home.pipe(["run", "-e", "-"], &text).ok();
    assert!(ran.err.contains("kept whole in "), "{}", ran.err);
    assert!(fake.last_request().unwrap().last_text().contains("all of it is in "));
}

#[test]
fn as_json_it_is_told_too() {
    let fake = FakeOpenAi::answering(|_| Reply::text("ok"));
    let ran = Home::with(&fake).pipe(["run", "--json", "-e", "-"], long()).ok();
    let events = ran.json();
    assert!(events.iter().any(|event| event.to_string().contains("kept whole in ")), "{events:?}");
}
