//! Text that strict servers refuse, by every way into a conversation from outside.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};

fn clean(fake: &FakeOpenAi, requests: usize) {
    assert!(fake.count() >= requests, "{:?}", fake.requests());
    for request in fake.requests() {
        let body = request.body.to_string();
        assert!(!body.contains("\\u0000") && body.contains('\u{fffd}'), "{body}");
    }
}

#[test]
fn what_is_piped_in_and_what_lua_tools_say() {
    let fake = FakeOpenAi::start([
        Reply::call("odd", serde_json::json!({})),
        Reply::text("seen"),
        Reply::text("seen again"),
    ]);
    let home = Home::with(&fake);
    home.init(
        "pista.agent('main', { prompt = 'You are \\0 careful.', tools = { allow = { 'odd' } } })
         pista.tool { name = 'odd', description = 'x', run = function() return 'a\\0b' end }",
    );
    home.pipe(["run", "--session", "s", "-e", "-"], b"one\0two").ok();
    home.run(["run", "--session", "s", "-e", "more"]).ok();
    clean(&fake, 3);
    let last = fake.last_request().expect("a request").body.to_string();
    assert!(last.contains("one\u{fffd}two") && last.contains("a\u{fffd}b"), "{last}");
}

#[test]
fn what_is_typed_at_a_piped_prompt() {
    let fake = FakeOpenAi::answering(|_| Reply::text("Yes."));
    let home = Home::with(&fake);
    home.pipe(["repl"], b"one\0two\n").ok();
    clean(&fake, 1);
}
