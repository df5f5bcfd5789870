//! The demo model: which tools it calls for which request, and what it makes of their results.

mod script_support;

use openpista::{
    domain::{
        call::{ToolCall, ToolResult, ToolStatus},
        chat::{ChatRequest, ChatResponse, LlmProvider},
        message::{AssistantMessage, Message},
        tool::{Effect, ToolSpec},
    },
    script::LuaProvider,
};
use serde_json::{Value as Json, json};

fn tools() -> Vec<ToolSpec> {
    let spec = |name: &str| ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: json!({ "type": "object" }).into(),
        effect: Effect::Act,
    };
    ["system.run", "fs.read", "fs.list", "fs.search"].map(spec).into()
}

async fn ask(demo: &LuaProvider, messages: &[Message], tools: &[ToolSpec]) -> ChatResponse {
    let request = ChatRequest { model: "demo", system: "", messages, tools, max_tokens: None };
    let mut streamed = String::new();
    let mut sink = |delta| {
        if let openpista::domain::chat::Delta::Text(text) = delta {
            streamed.push_str(&text);
        }
    };
    let response = demo.chat(request, &mut sink).await.expect("the demo answers");
    assert_eq!(response.message.text, streamed);
    assert_eq!((response.model.as_str(), response.usage.usd), ("demo", Some(0.0)));
    response
}

/// A conversation up to the calls, and the calls.
async fn calls(demo: &LuaProvider, text: &str) -> (Vec<Message>, Vec<(String, Json)>) {
    let mut messages = vec![
        Message::user("list the files"),
        Message::Assistant(AssistantMessage { text: "An old answer.".into(), ..AssistantMessage::default() }),
        Message::user(text),
    ];
    let response = ask(demo, &messages, &tools()).await;
    let made = response
        .message
        .calls
        .iter()
        .map(|call| (call.name.clone(), Json::Object(call.args.clone())))
        .collect();
    messages.push(Message::Assistant(response.message));
    (messages, made)
}

fn last_calls(messages: &[Message]) -> Vec<ToolCall> {
    messages
        .iter()
        .rev()
        .find_map(|message| match message {
            Message::Assistant(assistant) => Some(assistant.calls.clone()),
            _ => None,
        })
        .unwrap_or_default()
}

/// Answers the last calls, and what the demo says then.
async fn told(
    demo: &LuaProvider,
    messages: &mut Vec<Message>,
    results: &[(ToolStatus, &str, Json)],
) -> ChatResponse {
    let before = messages.len();
    for (call, (status, content, meta)) in last_calls(messages).iter().zip(results) {
        let Json::Object(meta) = meta.clone() else { panic!("an object") };
        messages.push(Message::Tool(ToolResult { meta, ..ToolResult::new(call, *status, *content) }));
    }
    let response = ask(demo, messages, &tools()).await;
    // Results come in the order in which the calls end.
    messages[before..].reverse();
    assert_eq!(ask(demo, messages, &tools()).await.message.text, response.message.text);
    messages.push(Message::Assistant(response.message.clone()));
    response
}

#[tokio::test]
async fn requests_become_exact_calls() {
    let generation = script_support::start("").await;
    let demo = LuaProvider::demo(generation.handle.clone());
    let run = |argv: &[&str]| ("system.run".to_owned(), json!({ "argv": argv }));
    let disk = vec![run(&["du", "-k", "-d", "1", "."]), run(&["df", "-Pk", "."])];
    let memory = vec![run(&["free", "-m"])];
    let one = |name: &str, args: Json| vec![(name.to_owned(), args)];
    for (text, expected) in [
        ("what is taking up space here?", disk.clone()),
        ("How big is the DISK?", disk.clone()),
        ("find big files", disk.clone()),
        ("how much memory is free?", memory.clone()),
        ("RAM", memory),
        ("which processes are busy?", vec![run(&["ps", "-eo", "pid,pcpu,pmem,comm"])]),
        ("how long has this machine been up?", vec![run(&["uptime"])]),
        ("list the files", one("fs.list", json!({ "path": "." }))),
        ("read README.md", one("fs.read", json!({ "path": "README.md" }))),
        ("Read 'src/Main.rs'!", one("fs.read", json!({ "path": "src/Main.rs" }))),
        ("show me Cargo.toml", one("fs.read", json!({ "path": "Cargo.toml" }))),
        ("cat a b.txt", one("fs.read", json!({ "path": "a b.txt" }))),
        ("find TODO", one("fs.search", json!({ "pattern": "TODO", "ignore_case": true }))),
        ("search for f(x)", one("fs.search", json!({ "pattern": "f\\(x\\)", "ignore_case": true }))),
        ("run: ls -l | wc", one("system.run", json!({ "command": "ls -l | wc" }))),
        ("RUN: rm -rf space", one("system.run", json!({ "command": "rm -rf space" }))),
        ("what is the meaning of life?", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(calls(&demo, text).await.1, expected, "{text}");
    }
}

#[tokio::test]
async fn every_answer_says_that_it_is_a_demo() {
    let generation = script_support::start("").await;
    let demo = LuaProvider::demo(generation.handle.clone());
    let (messages, _) = calls(&demo, "tell me a joke").await;
    let Some(Message::Assistant(answer)) = messages.last() else { panic!("no answer") };
    assert!(
        answer.text.contains("I can't help with that") && answer.text.contains("run: COMMAND"),
        "{}",
        answer.text
    );
    assert!(answer.text.contains("demo model") && answer.text.contains("OPENAI_API_KEY"));
    let without = ask(&demo, &[Message::user("list the files")], &[]).await;
    assert!(without.message.text.contains("I need the tool fs.list"), "{}", without.message.text);
}

#[tokio::test]
async fn answers_are_built_from_what_the_tools_return() {
    let generation = script_support::start("").await;
    let demo = LuaProvider::demo(generation.handle.clone());
    let ok = |content: &'static str| (ToolStatus::Ok, content, json!({ "exit_code": 0 }));
    let du = "exit code 0\nstdout:\n4\t./a\n2097152\t./target dir\n512\t./src\n2097800\t.\nstderr:\n999\t./not this";
    let df = "exit code 0\nstdout:\nFilesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a b 1048576 524288 524288 50% /";
    let (mut messages, _) = calls(&demo, "what takes up space?").await;
    let text = told(&demo, &mut messages, &[ok(du), ok(df)]).await.message.text;
    for part in [
        "takes up 2.0 GiB",
        "2.0 GiB  target dir/ (99 %)",
        "132 KiB  files directly in it",
        "50 % full",
        "512.0 MiB of 1.0 GiB are free",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let at = |part: &str| text.find(part).unwrap();
    assert!(at("target dir/") < at("src/") && at("src/") < at(" a/") && !text.contains("not this"), "{text}");

    // One of two was refused: the other is told, and why.
    let (mut messages, _) = calls(&demo, "what takes up space?").await;
    let denied = (ToolStatus::Denied, "denied: not tonight", json!({}));
    let text = told(&demo, &mut messages, &[denied.clone(), ok(df)]).await.message.text;
    assert!(
        text.contains("50 % full") && text.contains("`du -k -d 1 .`, but that was not allowed: not tonight"),
        "{text}"
    );
    let (mut messages, _) = calls(&demo, "what takes up space?").await;
    let text = told(&demo, &mut messages, &[denied.clone(), denied.clone()]).await.message.text;
    assert!(text.contains("du -k") && text.contains("df -Pk"), "{text}");

    let ps = "exit code 0\nstdout:\n  PID %CPU %MEM COMMAND\n    1  0.0  0.1 init\n   42 93.5  2.0 some thing\n[… 100 characters left out …]\n 7 1.";
    let (mut messages, _) = calls(&demo, "busy processes").await;
    let text = told(&demo, &mut messages, &[ok(ps)]).await.message.text;
    assert!(text.contains("2 processes") && text.find("some thing") < text.find("init"), "{text}");

    let free = "exit code 0\nstdout:\n       total used free shared buff/cache available\nMem:   24105  436  23159  8  812  23669\nSwap: 0 0 0";
    let (mut messages, _) = calls(&demo, "free memory?").await;
    let text = told(&demo, &mut messages, &[ok(free)]).await.message.text;
    assert!(
        text.contains("436.0 MiB of 23.5 GiB memory are in use; programs can get 23.1 GiB more"),
        "{text}"
    );

    let up = "exit code 0\nstdout:\n 16:01:02 up 12 days,  3:04,  1 user,  load average: 0.08, 0.22, 0.16";
    let (mut messages, _) = calls(&demo, "uptime").await;
    let text = told(&demo, &mut messages, &[ok(up)]).await.message.text;
    assert!(text.contains("up for 12 days,  3:04") && text.contains("0.08, 0.22, 0.16"), "{text}");

    let (mut messages, _) = calls(&demo, "run: true").await;
    let text = told(&demo, &mut messages, &[denied]).await.message.text;
    assert!(text.contains("`true`, but that was not allowed: not tonight"), "{text}");
}

#[tokio::test]
async fn where_there_is_no_free_it_asks_vm_stat() {
    let generation = script_support::start("").await;
    let demo = LuaProvider::demo(generation.handle.clone());
    let (mut messages, _) = calls(&demo, "free memory?").await;
    let missing = (ToolStatus::Error, "free: no such program", json!({}));
    let response = told(&demo, &mut messages, &[missing]).await;
    assert_eq!(response.message.calls[0].args["argv"], json!(["vm_stat"]));
    let stat = "exit code 0\nstdout:\nMach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:   65536.\nPages active: 131072.\nPages inactive: 64.\nPages wired down: 640.\n";
    let text =
        told(&demo, &mut messages, &[(ToolStatus::Ok, stat, json!({ "exit_code": 0 }))]).await.message.text;
    assert!(
        text.contains("1.0 GiB are free, 1.0 MiB inactive, 2.0 GiB active, and 10.0 MiB wired down"),
        "{text}"
    );
}

#[tokio::test]
async fn output_that_makes_no_sense_does_no_harm() {
    let generation = script_support::start("").await;
    let demo = LuaProvider::demo(generation.handle.clone());
    let long = "9".repeat(5_000);
    let odd = [
        "",
        "\n",
        "exit code 1",
        "exit code 0\nstdout:\n",
        "stdout:\nMem: x",
        "exit code 0\nstdout:\n12",
        "\u{fffd}\0%d%s",
        &long,
    ];
    let requests = ["space", "memory", "processes", "uptime", "list files", "read x.y", "find x", "run: x"];
    for request in requests {
        for content in odd {
            for (status, meta) in [
                (ToolStatus::Ok, json!({})),
                (ToolStatus::Ok, json!({ "exit_code": 3 })),
                (ToolStatus::Error, json!({})),
            ] {
                let (mut messages, _) = calls(&demo, request).await;
                let results = [(status, content, meta.clone()), (status, content, meta)];
                let mut response = told(&demo, &mut messages, &results).await;
                if !response.message.calls.is_empty() {
                    response = told(&demo, &mut messages, &results).await;
                }
                assert!(response.message.text.contains("demo model"), "{request}, {content:?}: {response:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_script_can_use_it_as_a_module() {
    let text = "pista.provider('demo', { chat = require('pista.demo').chat })";
    let generation = script_support::start(text).await;
    let demo = LuaProvider::new(generation.handle.clone(), &generation.plan.providers["demo"]).unwrap();
    let (_, made) = calls(&demo, "uptime").await;
    assert_eq!(made[0].0, "system.run");
}
