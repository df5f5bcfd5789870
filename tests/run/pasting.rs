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

/// The file that a message names at its end.
fn place(text: &str) -> String {
    let (_, rest) = text.rsplit_once("[all of this message is in the file ").expect("a file");
    rest.trim_end_matches(']').to_owned()
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
    let told = format!("of its {} characters are sent; all of it is in /", text.len() + 16);
    for words in ["your message is longer than the model's window", &told] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    let requests = fake.requests();
    let said = requests[0].last_text();
    assert!(said.starts_with("summarise this\n\nline 0 of many lines\n"), "{}", &said[..200]);
    assert!(said.contains("line 39999 of many lines\n\n[all of this") && said.len() < text.len() / 2);
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
    assert!(!ran.err.contains("longer than"), "{}", ran.err);
    assert_eq!(fake.requests()[0].last_text().trim_end(), text.trim_end());
    // In a smaller window the same is too long.
    let home = home.env("OPENPISTA_CONTEXT_WINDOW", "16384");
    let ran = home.pipe(["run", "-e", "-"], &text).ok();
    assert!(ran.err.contains("all of it is in "), "{}", ran.err);
    let request = fake.last_request().expect("one");
    assert_eq!(fs::read_to_string(place(request.last_text())).expect("a file"), text);
}

#[test]
fn as_json_it_is_told_too() {
    let fake = FakeOpenAi::answering(|_| Reply::text("ok"));
    let ran = Home::with(&fake).pipe(["run", "--json", "-e", "-"], long()).ok();
    let events = ran.json();
    assert!(events.iter().any(|event| event.to_string().contains("all of it is in ")), "{events:?}");
}
