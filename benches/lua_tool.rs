//! What Lua costs in a turn: a `tool_call` hook while two turns ask at the same time, beside a bare round
//! trip to another thread under the same load; and a tool in Lua beside the same tool in Rust plus that
//! round trip. `cargo bench --bench lua_tool`
#![allow(missing_docs)]

use openpista::{
    domain::{
        JsonMap,
        call::ToolCall,
        envelope::Origin,
        hook::{HookVerdict, Hooks, TurnContext},
        id::{SessionId, TurnId},
    },
    script::{HookLimits, HostOptions, ScriptHooks, ScriptHost, Source, run_tool},
};
use std::{
    collections::BTreeMap,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};

const ROUNDS: usize = 20;
const CALLS: usize = 2_000;
/// Turns at the same time.
const TURNS: usize = 2;

const INIT: &str = r#"
pista.hook("tool_call", function(call)
  if call.name == "system.run" and call.args.argv then return pista.allow() end
end)
pista.tool { name = "words", description = "Counts words.", parameters = { text = "string" }, run = function(args)
  local counts = {}
  for word in args.text:gmatch("%a+") do counts[word] = (counts[word] or 0) + 1 end
  return counts
end }
pista.tool { name = "greet", description = "Greets.", parameters = { text = "string" }, run = function(args)
  return "Hello, " .. args.text:sub(1, 20)
end }"#;
const TEXT: &str = "the quick brown fox jumps over the lazy dog and the dog sleeps on";

type Bell = mpsc::Sender<(u64, oneshot::Sender<u64>)>;

/// A thread that answers at once, with a current-thread runtime like the script host's.
fn echo() -> Bell {
    let (send, mut receive) = mpsc::channel::<(u64, oneshot::Sender<u64>)>(256);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            while let Some((number, back)) = receive.recv().await {
                let _ = back.send(number);
            }
        });
    });
    send
}

async fn ring(bell: &Bell) {
    let (back, answer) = oneshot::channel();
    assert!(bell.send((7, back)).await.is_ok(), "the other thread is gone");
    answer.await.expect("an answer");
}

/// The tool in Rust: from the arguments to the text.
fn words(args: &JsonMap) -> String {
    let text = args.get("text").and_then(|text| text.as_str()).unwrap_or_default();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for word in text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
        *counts.entry(word).or_default() += 1;
    }
    serde_json::json!(counts).to_string()
}

fn greet(args: &JsonMap) -> String {
    let text = args.get("text").and_then(|text| text.as_str()).unwrap_or_default();
    format!("Hello, {}", text.get(..20).unwrap_or(text))
}

/// Times of `CALLS` calls by each of so many tasks at the same time.
async fn load<F, W>(tasks: usize, work: F) -> Vec<Duration>
where
    F: Fn() -> W + Clone + Send + 'static,
    W: Future<Output = ()> + Send,
{
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let work = work.clone();
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(CALLS);
                for _ in 0..CALLS {
                    let began = Instant::now();
                    work().await;
                    times.push(began.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = vec![];
    for task in tasks {
        times.extend(task.await.expect("a task"));
    }
    times
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::main]
async fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let source = Source::Embedded { name: "init.lua".into(), text: INIT.into() };
    let generation = ScriptHost::start(source, HostOptions::default()).await.expect("a configuration");
    let hooks =
        Arc::new(ScriptHooks::new(generation.handle.clone(), &generation.plan, HookLimits::default()));
    let mut call = ToolCall::new("system.run", Default::default());
    call.args.insert("argv".into(), serde_json::json!(["git", "status"]));
    let context = TurnContext {
        session: SessionId::generate(),
        turn: TurnId::generate(),
        agent: "main".into(),
        origin: Origin { channel: "cli".into(), user: "ada".into() },
        depth: 0,
    };
    let bell = echo();
    let bare = {
        let bell = bell.clone();
        move || {
            let bell = bell.clone();
            async move { ring(&bell).await }
        }
    };
    let asked = Arc::new((call, context.clone()));
    let hook = move || {
        let (hooks, asked) = (hooks.clone(), asked.clone());
        async move {
            let verdict = hooks.tool_call(&asked.0, &asked.1).await;
            assert!(matches!(verdict, HookVerdict::Allow { .. }));
        }
    };
    let args = Arc::new(JsonMap::from_iter([("text".to_owned(), TEXT.into())]));
    let rust = |tool: fn(&JsonMap) -> String| {
        let (bell, args) = (bell.clone(), args.clone());
        move || {
            let (bell, args) = (bell.clone(), args.clone());
            async move {
                ring(&bell).await;
                assert!(!std::hint::black_box(tool(&args)).is_empty());
            }
        }
    };
    let lua = |index: usize| {
        let tool = Arc::new(generation.plan.tools[index].clone());
        let (handle, args, context) = (generation.handle.clone(), args.clone(), context.clone());
        move || {
            let (handle, tool, args, context) = (handle.clone(), tool.clone(), args.clone(), context.clone());
            async move {
                let text = run_tool(&handle, &tool, JsonMap::clone(&args), &context).await.expect("a text");
                assert!(!text.is_empty());
            }
        }
    };
    let mut times = [const { Vec::new() }; 6];
    // In turns, so that all meet the same weather; the first round is for warming up.
    for round in 0..=ROUNDS {
        let round_times = [
            load(TURNS, bare.clone()).await,
            load(TURNS, hook.clone()).await,
            load(1, rust(greet)).await,
            load(1, lua(1)).await,
            load(1, rust(words)).await,
            load(1, lua(0)).await,
        ];
        if round > 0 {
            for (all, new) in times.iter_mut().zip(round_times) {
                all.extend(new);
            }
        }
    }
    let [bare, hook, greet, lua_greet, words, lua_words] = times.map(|mut times| median(&mut times));
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
    println!("{TURNS} turns at once: bare round trip {bare:?}, hook {hook:?}");
    println!("hook / bare {:.2} (wanted: at most 2)", ratio(hook, bare));
    for (what, rust, lua) in [("a few words", greet, lua_greet), ("13 words counted", words, lua_words)] {
        println!("a tool, {what}: in Rust plus a round trip {rust:?}, in Lua {lua:?}");
        println!("Lua / Rust {:.2} (wanted: at most 2)", ratio(lua, rust));
    }
}
