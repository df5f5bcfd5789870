//! Whatever comes in is answered, or refused with a word and counted.

use crate::{Hook, client::Client, echo, home};
use serde_json::json;

#[test]
fn what_comes_in_is_answered_or_told_and_counted() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "rates = false, users = { 'ada' }", ""));
    let json = || hook.client().with("content-type", "application/json");
    let long = json!({ "text": "x".repeat(600_000) }).to_string();
    let answers = [
        hook.post(&json!({ "text": "hello" })),
        hook.post(&json!({ "text": "again", "user": "ada" })),
        hook.post(&json!({ "text": "let me in", "user": "bob" })),
        hook.post(&json!({ "text": "" })),
        hook.post(&json!({ "text": "x", "nonsense": 1 })),
        hook.post(&json!({ "text": 7 })),
        json().ask("POST", "/message", b"{"),
        json().ask("POST", "/message", b"\xff\xfe"),
        json().ask("POST", "/message", long.as_bytes()),
        json().ask("POST", "/nowhere", b"{}"),
        hook.client().with("content-type", "image/png").ask("POST", "/message", b"{}"),
        Client::bare(hook.address).post("/message", &json!({ "text": "no token" })),
    ];
    let (answered, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(answered.len(), 2);
    for answer in &refused {
        let body = answer.json(answer.status);
        assert!(body["message"].as_str().is_some_and(|word| word.len() > 10), "{answer:?}");
    }
    let status = hook.daemon.status();
    let counted = status["dropped"]["hook"].as_object().expect("counts");
    let sum: u64 = counted.values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(sum, refused.len() as u64, "{counted:?}");
    assert_eq!(fake.count(), 2);
}
