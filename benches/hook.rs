//! What a hook costs: a call from one thread into Lua and back, against two threads of the same
//! kind that pass a number and its answer, or the same call and a verdict, and do nothing else.
//! `cargo bench --bench hook`
#![allow(missing_docs)]

use openpista::{
    domain::{
        call::ToolCall,
        envelope::Origin,
        hook::{HookVerdict, Hooks, TurnContext},
        id::{SessionId, TurnId},
    },
    script::{HookLimits, HostOptions, ScriptHooks, ScriptHost, Source},
};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

const ROUNDS: usize = 20;
const CALLS: usize = 2_000;
const STARTS: usize = 200;

const INIT: &str = r#"pista.hook("tool_call", function(call)
  if call.name == "system.run" and call.args.argv then return pista.allow() end
end)"#;

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// A thread that answers at once, with a current-thread runtime like the script host's.
fn echo<Q: Send + 'static, A: Send + 'static>(
    answer: impl Fn(Q) -> A + Send + 'static,
) -> mpsc::Sender<(Q, oneshot::Sender<A>)> {
    let (send, mut receive) = mpsc::channel::<(Q, oneshot::Sender<A>)>(256);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            while let Some((question, back)) = receive.recv().await {
                let _ = back.send(answer(question));
            }
        });
    });
    send
}

async fn ask<Q, A>(echo: &mpsc::Sender<(Q, oneshot::Sender<A>)>, question: Q) -> A {
    let (back, answer) = oneshot::channel();
    assert!(echo.send((question, back)).await.is_ok(), "the other thread is gone");
    answer.await.expect("an answer")
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let source = Source::Embedded { name: "init.lua".into(), text: INIT.into() };
    let generation = ScriptHost::start(source, HostOptions::default()).await.expect("a configuration");
    let hooks = ScriptHooks::new(generation.handle.clone(), &generation.plan, HookLimits::default());
    let mut call = ToolCall::new("system.run", Default::default());
    call.args.insert("argv".into(), serde_json::json!(["git", "status"]));
    let context = TurnContext {
        session: SessionId::generate(),
        turn: TurnId::generate(),
        agent: "main".into(),
        origin: Origin { channel: "cli".into(), user: "ada".into() },
        depth: 0,
    };
    let number = echo(|n: u64| n);
    let payload = echo(|(call, _): (ToolCall, TurnContext)| HookVerdict::Allow { by: call.name });
    let (mut bare, mut loaded, mut hooked) = (Vec::new(), Vec::new(), Vec::new());
    // In turns, so that all meet the same weather; the first round is for warming up.
    for round in 0..=ROUNDS {
        for n in 0..CALLS {
            let began = Instant::now();
            ask(&number, n as u64).await;
            bare.push(began.elapsed());
        }
        for _ in 0..CALLS {
            let began = Instant::now();
            ask(&payload, (call.clone(), context.clone())).await;
            loaded.push(began.elapsed());
        }
        for _ in 0..CALLS {
            let began = Instant::now();
            let verdict = hooks.tool_call(&call, &context).await;
            hooked.push(began.elapsed());
            assert!(matches!(verdict, HookVerdict::Allow { .. }));
        }
        if round == 0 {
            [&mut bare, &mut loaded, &mut hooked].into_iter().for_each(Vec::clear);
        }
    }
    let (bare, loaded, hooked) = (median(&mut bare), median(&mut loaded), median(&mut hooked));
    println!("bare round trip {bare:?}, with the call in it {loaded:?}, hook {hooked:?}");
    let ratio = |floor: Duration| hooked.as_secs_f64() / floor.as_secs_f64();
    println!(
        "hook / bare {:.2}, hook / bare with the call {:.2} (wanted: at most 1.5)",
        ratio(bare),
        ratio(loaded)
    );

    let text: String = (0..100)
        .map(|i| {
            format!(
                "pista.tool {{ name = 'tool{i}', description = 'x',\n  parameters = {{ a = 'string' }},\n  run = \
                 function(args) return args.a end }}\n"
            )
        })
        .collect();
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let source = Source::Embedded { name: "init.lua".into(), text: text.clone().into() };
        let began = Instant::now();
        let generation = ScriptHost::start(source, HostOptions::default()).await.expect("a configuration");
        starts.push(began.elapsed());
        generation.handle.shutdown().await;
    }
    println!("start with an init.lua of 300 lines: median {:?}", median(&mut starts));
}
