//! A model with a very small window: what goes first, and what goes last.

use crate::{
    rig::{Plan, Rig},
    support::fake_openai::{FakeOpenAi, Reply, Request, Rules},
    tools::tool,
};
use openpista::{
    domain::{
        BoxFuture, JsonMap,
        call::ToolCall,
        call::ToolResult,
        tool::{Effect, ToolSpec},
    },
    policy::{Authorized, Scope},
    tool::Tool,
};
use serde_json::{Value, json};
use std::sync::Arc;

const WINDOW: u32 = 2_048;

/// A tool that much is said of.
struct Wordy(ToolSpec);

fn wordy(name: &str) -> Arc<dyn Tool> {
    let words = "It does what its name says, with care for all that could go wrong on the way. ".repeat(3);
    let properties: JsonMap = (0..4)
        .map(|n| {
            (format!("argument_{n}"), json!({"type": "string", "description": words, "default": "none"}))
        })
        .collect();
    let parameters = json!({"type": "object", "properties": properties});
    let effect = Effect::Read;
    Arc::new(Wordy(ToolSpec { name: name.into(), description: words, parameters: parameters.into(), effect }))
}

impl Tool for Wordy {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, _: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        let result = ToolResult::new(call.get(), openpista::domain::call::ToolStatus::Ok, "done");
        Box::pin(std::future::ready(result))
    }
}

fn many() -> Plan {
    Plan::with(["fs.read", "a.one", "a.two", "a.three", "a.four", "a.five", "a.six"].map(wordy))
        .window(WINDOW)
}

fn names(request: &Request) -> Vec<&str> {
    let tools = request.body["tools"].as_array().map_or(&[][..], Vec::as_slice);
    tools.iter().filter_map(|tool| tool["function"]["name"].as_str()).collect()
}

/// The estimate of the engine's own: four characters of ASCII are a token.
fn tokens(value: &Value) -> usize {
    value.to_string().len() / 4
}

#[tokio::test]
async fn tools_go_before_anything_that_was_said() {
    let fake = FakeOpenAi::answering(|_| Reply::text("fine"));
    let rig = many().on(&fake).await;
    let text: String = (0..900).map(|n| format!("{n:03} ")).collect();
    let text = text.trim_end();
    Rig::answered(&rig.turn(text).await);
    let request = &fake.requests()[0];
    assert_eq!(request.last_text(), text, "not a letter is missing");
    assert_eq!(names(request), ["fs_read"]);
    assert!(tokens(&request.body["tools"]) < 150, "{}", request.body["tools"]);
    let notices = rig.seen.notices();
    assert!(notices.iter().any(|n| n.contains("1 of 7 tools are offered")), "{notices:?}");
}

#[tokio::test]
async fn schemas_are_shortened_before_tools_are_left_out() {
    let fake = FakeOpenAi::answering(|_| Reply::text("fine"));
    let rig = many().on(&fake).await;
    Rig::answered(&rig.turn("hi").await);
    let request = &fake.requests()[0];
    assert_eq!(names(request).len(), 7);
    let arguments = &request.body["tools"][0]["function"]["parameters"]["properties"];
    assert_eq!(arguments["argument_0"], json!({"type": "string"}), "{arguments}");
    // With room enough, nothing is left out.
    let large = Plan { endpoint: Default::default(), ..many() }.on(&fake).await;
    Rig::answered(&large.turn("hi").await);
    let arguments = &fake.requests()[1].body["tools"][0]["function"]["parameters"]["properties"];
    assert!(arguments["argument_0"]["description"].is_string(), "{arguments}");
}

#[tokio::test]
async fn a_message_that_no_window_holds_is_kept_whole_in_a_file() {
    let fake = FakeOpenAi::answering(|_| Reply::text("fine"));
    let rig = many().on(&fake).await;
    let text: String = (0..3_000).map(|n| format!("{n:04}")).collect();
    Rig::answered(&rig.turn(&text).await);
    let request = &fake.requests()[0];
    let sent = request.last_text();
    assert!(sent.len() > 4_000, "all the room there is: {}", sent.len());
    assert!(tokens(&request.body["messages"]) + tokens(&request.body["tools"]) < WINDOW as usize);
    let mark = sent
        .split_once("[… ")
        .and_then(|(_, rest)| rest.split_once(" characters left out"))
        .expect("a mark")
        .0;
    let (body, place) = sent.split_once("\n[all of this message is in the file ").expect("where it is");
    let shown = body.chars().count() - format!("\n[… {mark} characters left out …]\n").chars().count();
    assert_eq!(mark.parse::<usize>().expect("a number") + shown, 12_000, "the mark tells the whole");
    assert_eq!(std::fs::read_to_string(place.trim_end_matches(']')).expect("the file"), text);
    let notices = rig.seen.notices();
    let told = |words: &str| notices.iter().any(|n| n.contains(words));
    assert!(told("of its 12000 characters are sent") && told(place.trim_end_matches(']')), "{notices:?}");
    assert!(!told("earlier parts"), "there are none: {notices:?}");
}

#[tokio::test]
async fn older_turns_go_before_the_newest_message() {
    let fake = FakeOpenAi::answering_with(Rules::default(), |request| {
        Reply::text(if request.last_text().starts_with("You keep") {
            "summary"
        } else {
            "an answer of some words"
        })
    });
    let echo = tool("a.small", |_| async { "ok".to_owned() });
    let rig = Plan::with([echo]).window(WINDOW).on(&fake).await;
    for n in 0..6 {
        let text = format!("{n} ") + &"words and words ".repeat(60);
        Rig::answered(&rig.turn(&text).await);
    }
    let newest = "the newest of all ".repeat(200);
    Rig::answered(&rig.turn(&newest).await);
    let request = fake.last_request().expect("a request");
    assert!(request.last_text().ends_with(newest.trim_end()) || request.last_text().ends_with(&newest));
}

#[tokio::test]
async fn an_answer_has_an_end_where_the_window_is_known() {
    let fake = FakeOpenAi::answering(|_| Reply::text("fine"));
    Rig::answered(&Plan::default().window(8_192).on(&fake).await.turn("hi").await);
    Rig::answered(&Plan::default().on(&fake).await.turn("hi").await);
    let asked: Vec<_> = fake.requests().iter().map(|r| r.body["max_tokens"].clone()).collect();
    assert_eq!(asked, [json!(4_096), Value::Null]);
}

#[tokio::test]
async fn an_answer_of_thoughts_alone_that_was_cut_names_the_limit() {
    let cut = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Let me see\"},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n";
    let fake = FakeOpenAi::answering(move |_| Reply::raw(cut));
    let outcome = Plan::default().window(8_192).on(&fake).await.turn("hi").await;
    let (kind, words) = Rig::failed(&outcome);
    assert!(kind == "model" && words.contains("4096 tokens (max_tokens)"), "{kind} {words}");
    assert_eq!(fake.count(), 1, "once is enough");
}

#[tokio::test]
async fn a_model_is_told_once_that_its_call_cannot_be_read() {
    let unknown = || Reply::text("Let me look.\n<|tool_request|>a_small -> /a<|/tool_request|>");
    let tool = || tool("a.small", |_| async { "ok".to_owned() });
    let fake = FakeOpenAi::start([unknown(), Reply::call("a_small", json!({})), Reply::text("done")]);
    let rig = Plan::with([tool()]).on(&fake).await;
    let outcome = rig.turn("go").await;
    assert_eq!((Rig::answered(&outcome), outcome.rounds), ("done", 1));
    let told = fake.requests()[1].last_text().to_owned();
    assert!(told.contains("a_small -> /a") && told.contains("Nothing was run"), "{told}");
    assert!(rig.seen.notices().iter().any(|n| n.contains("asked once more")), "{:?}", rig.seen.notices());
    assert!(
        rig.messages().await.iter().all(|m| m.role() != "assistant" || !m.text().contains("tool_request"))
    );
    // The second time it is an error, and what looks like a call is no answer.
    let fake = FakeOpenAi::answering(move |_| unknown());
    let rig = Plan::with([tool()]).on(&fake).await;
    let outcome = rig.turn("go").await;
    let (kind, words) = Rig::failed(&outcome);
    assert!(kind == "model" && words.contains("can't be read"), "{kind} {words}");
    assert_eq!(fake.count(), 2);
}
