//! Text that strict servers refuse enters no conversation, by whichever way it comes.

use crate::{
    rig::{Asked, Plan, Rig},
    support::fake_openai::{FakeOpenAi, Reply, Request},
    tools::tool,
};
use openpista::domain::{
    BoxFuture, JsonMap,
    call::ToolCall,
    hook::{HookVerdict, Hooks, PromptDraft, TurnContext},
    message::{AssistantMessage, Message},
    points::{Point, Threaded},
    store::TurnStore,
};
use serde_json::{Value, json};
use std::{future::ready, sync::Arc};

/// Puts a NUL into the prompt and into what tools say.
struct Careless;

impl Hooks for Careless {
    fn prompt<'a>(&'a self, draft: PromptDraft, _: &'a TurnContext) -> BoxFuture<'a, PromptDraft> {
        Box::pin(ready(PromptDraft { system: draft.system + " and \0." }))
    }

    fn tool_call<'a>(&'a self, _: &'a ToolCall, _: &'a TurnContext) -> BoxFuture<'a, HookVerdict> {
        Box::pin(ready(HookVerdict::Pass))
    }

    fn hooked(&self, point: Point) -> bool {
        matches!(point, Point::ToolResult | Point::Response)
    }

    fn thread<'a>(&'a self, point: Point, mut value: JsonMap, _: &'a TurnContext) -> BoxFuture<'a, Threaded> {
        let key = if point == Point::Response { "text" } else { "content" };
        if let Some(Value::String(text)) = value.get_mut(key) {
            text.push('\0');
        }
        Box::pin(ready(Threaded { value, ending: None }))
    }

    fn emit(&self, _: &'static str, _: Value) {}

    fn observes(&self, _: &str) -> bool {
        false
    }
}

/// Whether the request holds what a strict server refuses.
fn is_refused(request: &Request) -> bool {
    request.body.to_string().contains("\\u0000")
}

#[tokio::test]
async fn every_text_of_a_turn_is_cleaned_once() {
    let call = json!([{"index": 0, "id": "a", "type": "function",
        "function": {"name": "test_echo", "arguments": "{\"text\":\"a\\u0000b\"}"}}]);
    let said = json!({"choices": [{"index": 0, "delta": {"content": "s\0", "tool_calls": call}}]});
    let fake = FakeOpenAi::answering(move |request| match request.results_behind("question") {
        Some(0) => Reply::raw(format!(
            "data: {said}\n\ndata: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
        )),
        _ => Reply::text("an\0swer"),
    });
    let echo = tool("test.echo", |args: JsonMap| async move {
        assert_eq!(args["text"], "a\0b", "a tool gets what it was called with");
        "re\0sult".to_owned()
    });
    let mut rig = Plan { hooks: Arc::new(Careless), ..Plan::with([echo]) }.on(&fake).await;
    rig.turn("que\0stion question").await;
    rig.turn("again").await;
    assert_eq!(fake.count(), 3);
    assert!(fake.requests().iter().all(|request| !is_refused(request)), "{:?}", fake.requests());
    for message in rig.messages().await {
        assert!(message.is_clean() && !message.text().is_empty(), "{message:?}");
    }
    // What another program put there, or an older one, is cleaned when it is read.
    rig.session = rig.new_session().await;
    let turn = openpista::domain::id::TurnId::generate();
    let origin = openpista::domain::envelope::Origin { channel: "test".into(), user: "me".into() };
    rig.memory.begin_turn(&rig.session, &turn, &origin, &Message::user("x")).await.expect("a turn");
    let extras: JsonMap = [("reasoning".to_owned(), json!("r\0"))].into_iter().collect();
    let old = AssistantMessage { text: "y\0".into(), extras, ..Default::default() };
    rig.memory.append(&rig.session, &turn, Message::Assistant(old)).await.expect("stored");
    rig.memory.summarise(&rig.session, 0, "sum\0mary").await.expect("a summary");
    let conn = rusqlite::Connection::open(rig.memory.path()).expect("the database");
    conn.execute("UPDATE messages SET content = 'old' || char(0) WHERE content = 'x'", []).expect("a change");
    let read = rig.memory.context(&rig.session).await.expect("messages");
    assert!(read.iter().all(|stored| stored.message.is_clean()), "{read:?}");
    assert!(read.iter().any(|stored| stored.message.text() == "old\u{fffd}"), "{read:?}");
}

#[tokio::test]
async fn what_a_script_asks_a_model_is_cleaned_too() {
    let fake = FakeOpenAi::answering(|_| Reply::text("fine"));
    let rig = Plan::default().on(&fake).await;
    let messages = [Message::user("a\0b")];
    let request = openpista::domain::chat::ChatRequest {
        model: "",
        system: "s\0",
        messages: &messages,
        tools: &[],
        max_tokens: None,
    };
    rig.llm.chat(request, &mut |_| ()).await.expect("an answer");
    let sent = fake.last_request().expect("a request");
    assert!(!is_refused(&sent) && sent.last_text() == "a\u{fffd}b", "{sent:?}");
    assert_eq!(Rig::answered(&rig.turn("x").await), "fine");
}
