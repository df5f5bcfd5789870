//! The user's observers are told of everything, in order.

use crate::{
    rig::{Plan, Rig},
    support::fake_openai::{FakeOpenAi, Reply},
    tools::tool,
};
use openpista::domain::{
    BoxFuture,
    call::ToolCall,
    hook::{HookVerdict, Hooks, PromptDraft, TurnContext},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

/// Writes down what it is told, and changes the prompt.
#[derive(Default)]
struct Diary(Mutex<Vec<(&'static str, Value)>>);

impl Diary {
    fn names(&self) -> Vec<&'static str> {
        self.0.lock().expect("entries").iter().map(|(name, _)| *name).collect()
    }

    fn payloads(&self, event: &str) -> Vec<Value> {
        let entries = self.0.lock().expect("entries");
        entries.iter().filter(|(name, _)| *name == event).map(|(_, payload)| payload.clone()).collect()
    }
}

impl Hooks for Diary {
    fn prompt<'a>(&'a self, mut draft: PromptDraft, _: &'a TurnContext) -> BoxFuture<'a, PromptDraft> {
        draft.system.push_str(" And kind.");
        Box::pin(std::future::ready(draft))
    }

    fn tool_call<'a>(&'a self, call: &'a ToolCall, _: &'a TurnContext) -> BoxFuture<'a, HookVerdict> {
        let verdict = match call.args.get("forbidden") {
            Some(_) => HookVerdict::Deny { reason: "no".into(), by: "init.lua:1".into() },
            None => HookVerdict::Pass,
        };
        Box::pin(std::future::ready(verdict))
    }

    fn emit(&self, event: &'static str, payload: Value) {
        self.0.lock().expect("entries").push((event, payload));
    }

    fn observes(&self, event: &str) -> bool {
        event != "tool.start" || !event.is_empty()
    }
}

#[tokio::test]
async fn a_turn_from_beginning_to_end() {
    let fake = FakeOpenAi::start([
        Reply::call("test_echo", json!({"n": 1})),
        Reply::call("test_echo", json!({"forbidden": true})),
        Reply::text("done"),
    ]);
    let diary = Arc::new(Diary::default());
    let echo = tool("test.echo", |args| async move { Value::Object(args).to_string() });
    let rig = Plan { hooks: diary.clone(), ..Plan::with([echo]) }.on(&fake).await;
    Rig::answered(&rig.turn("go").await);
    assert_eq!(
        diary.names(),
        [
            "turn.start",
            "session.start",
            "llm.start",
            "llm.end",
            "tool.start",
            "tool.end",
            "llm.start",
            "llm.end",
            "tool.start",
            "tool.end",
            "llm.start",
            "llm.end",
            "turn.end"
        ]
    );
    for (_, payload) in diary.0.lock().expect("entries").iter() {
        for field in ["session", "turn", "agent", "channel", "user"] {
            assert!(payload[field].is_string(), "{field} in {payload}");
        }
    }
    assert_eq!(diary.payloads("turn.start")[0]["text"], "go");
    let ends = diary.payloads("tool.end");
    assert_eq!((&ends[0]["status"], &ends[0]["content"]), (&json!("ok"), &json!("{\"n\":1}")));
    assert_eq!(ends[1]["status"], "denied");
    assert_eq!(diary.payloads("turn.end")[0]["status"], "done");
    assert!(fake.requests().iter().all(|r| r.messages()[0]["content"] == "You are helpful. And kind."));
}

#[tokio::test]
async fn turns_that_fail_or_are_stopped_end_too() {
    let fake = FakeOpenAi::start([Reply::error(400, "no such thing"), Reply::hang()]);
    let diary = Arc::new(Diary::default());
    let rig = Plan { hooks: diary.clone(), ..Plan::default() }.on(&fake).await;
    Rig::failed(&rig.turn("go").await);
    assert_eq!(diary.names(), ["turn.start", "session.start", "llm.start", "llm.end", "error", "turn.end"]);
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        stop.cancel();
    });
    rig.cancelled_turn("go", cancel).await;
    assert_eq!(diary.names()[6..], ["turn.start", "llm.start", "llm.end", "turn.end"]);
    assert_eq!(diary.payloads("turn.end")[1]["status"], "cancelled");
}
