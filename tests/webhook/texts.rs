//! Characters that are text to some programs and none to others.

use crate::{
    Hook, home,
    support::fake_openai::{FakeOpenAi, Reply},
};

#[test]
fn nul_and_half_a_pair_reach_the_model_as_replacements() {
    let fake = FakeOpenAi::answering(|_| Reply::text("Yes."));
    let hook = Hook::start(&home(&fake, "", ""));
    for text in [r"one\u0000two", r"half \ud83d of it"] {
        let body = format!("{{\"text\":\"{text}\",\"wait\":true}}");
        let answer = hook
            .client()
            .with("content-type", "application/json")
            .ask("POST", "/message", body.as_bytes())
            .json(200);
        assert_eq!(answer["reply"], "Yes.", "{answer}");
    }
    for request in fake.requests() {
        let body = request.body.to_string();
        assert!(!body.contains("\\u0000") && body.contains('\u{fffd}'), "{body}");
    }
    assert_eq!(fake.count(), 2);
}
