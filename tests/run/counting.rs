//! What comes again and again is counted.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use serde_json::json;

#[test]
fn a_server_that_counts_oddly_is_warned_of_once_and_then_counted() {
    let mut round = 0;
    let fake = FakeOpenAi::answering(move |_| {
        round += 1;
        let call = json!([{"index": 0, "id": format!("c{round}"), "type": "function",
            "function": {"name": "fs_list", "arguments": format!("{{\"path\":\".\",\"limit\":{round}}}")}}]);
        let delta = if round < 12 { json!({ "tool_calls": call }) } else { json!({"content": "done"}) };
        let usage = json!({"prompt_tokens": 3, "completion_tokens": 1});
        let chunk =
            json!({"choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}], "usage": usage});
        Reply::raw(format!("data: {chunk}\n\ndata: [DONE]\n\n"))
    });
    let home = Home::with(&fake).env("OPENPISTA_MAX_TOOL_ROUNDS", "20");
    home.init("pista.agent('main', { prompt = ('many words '):rep(2000) })");
    let ran = home.say("go").ok();
    assert_eq!((ran.out.as_str(), fake.count()), ("done\n", 12));
    let warned: Vec<_> =
        ran.err.lines().filter(|line| line.contains("WARN") && line.contains("read much less")).collect();
    assert_eq!(warned.len(), 2, "{}", ran.err);
    assert!(warned[1].contains("times=10"), "{warned:?}");
    let told = ran.err.lines().filter(|line| line.contains("its context window may be smaller")).count();
    assert_eq!(told, 1, "{}", ran.err);
}

#[test]
fn lines_of_one_kind_are_counted_and_a_scripts_own_are_not() {
    let home = Home::new();
    home.init(
        "pista.tool { name = 'odd', description = 'x', run = function() end }
         pista.on('turn.start', function() for n = 1, 20 do pista.log.warn('mine ' .. n) end end)
         for n = 1, 20 do pista.on('turn.start', function() error('broken') end) end",
    );
    let ran = home.say("hi").ok();
    assert_eq!(ran.err.lines().filter(|line| line.contains("mine ")).count(), 20, "{}", ran.err);
    let broken: Vec<_> = ran.err.lines().filter(|line| line.contains("broken")).collect();
    assert_eq!(broken.len(), 6, "{}", ran.err);
    assert!(broken[5].contains("(… 15 times more"), "{broken:?}");
}
