//! What code mode costs: from the start of `lua.run` to the first call, and each further call, under
//! the whole policy. The floors: starting the same program to do nothing and making a bare VM here;
//! the same bytes through a pipe to `cat` and back. `cargo bench --bench code`
#![allow(missing_docs, clippy::unwrap_used)]

use openpista::{
    domain::{
        BoxFuture,
        approval::{Grant, Grants, Nobody},
        call::{ToolCall, ToolResult, ToolStatus},
        envelope::Origin,
        hook::{NoHooks, TurnContext},
        id::{SessionId, TurnId},
        rules::{Access, Autonomy, Match, Rule},
        store::StoreError,
        tool::{Effect, ToolSpec},
    },
    policy::{Authorized, Direct, Gate, Nested, Policy, Scope},
    tool::{Options, Tool, builtin},
};
use serde_json::json;
use std::{
    future::ready,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PROGRAM: &str = env!("CARGO_BIN_EXE_openpista");
const STARTS: usize = 100;
/// A run makes 200 calls at most; five of them make a thousand.
const CALLS: usize = 200;
const RUNS: usize = 5;
const ROUNDS: usize = 5;

/// Notes when it is called.
struct Now(ToolSpec, Mutex<Vec<Instant>>);

impl Tool for Now {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, _: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        self.1.lock().unwrap().push(Instant::now());
        Box::pin(ready(ToolResult::new(call.get(), ToolStatus::Ok, "now")))
    }
}

struct NoGrants;

impl Grants for NoGrants {
    fn granted<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(ready(Ok(false)))
    }

    fn grant(&self, _: Grant) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn engine(dir: &std::path::Path) -> (Direct, Arc<Now>) {
    let spec = ToolSpec {
        name: "now".into(),
        description: String::new(),
        parameters: json!({"type": "object", "properties": {"n": {"type": "integer"}}}).into(),
        effect: Effect::Read,
    };
    let now = Arc::new(Now(spec, Mutex::default()));
    let mut registry = builtin(Options { lua_worker: Some(PROGRAM.into()), ..Options::new(dir, dir) });
    registry.register(now.clone()).unwrap();
    let rule =
        Rule { access: Access::Allow, matches: Match::Name("lua.run".into()), location: String::new() };
    let direct = Direct {
        gate: Arc::new(Gate::new(Arc::new(NoHooks), Arc::new(Nobody), Arc::new(NoGrants), dir.into())),
        executor: Arc::new(registry),
        policy: Policy::new(vec![rule], Autonomy::Ask),
        context: TurnContext {
            session: SessionId::generate(),
            turn: TurnId::generate(),
            agent: "main".into(),
            origin: Origin { channel: "cli".into(), user: "ada".into() },
            depth: 0,
        },
        later: None,
        within: None,
    };
    (direct, now)
}

/// When the run began, and when each of its calls arrived.
async fn run(engine: &Direct, now: &Now, code: &str) -> (Instant, Vec<Instant>) {
    let mut call = ToolCall::new("lua.run", Default::default());
    call.args.insert("code".into(), code.into());
    let began = Instant::now();
    let result = engine.call(call).await;
    assert_eq!(result.status, ToolStatus::Ok, "{}", result.content);
    (began, std::mem::take(&mut now.1.lock().unwrap()))
}

/// The same program, with nothing to do, to its end; and a VM with one function called in it.
async fn bare_start() -> (Duration, Duration) {
    let began = Instant::now();
    let mut child = tokio::process::Command::new(PROGRAM)
        .arg("--version")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    // Its only line is there as soon as it has come to itself.
    let mut line = [0; 9];
    child.stdout.as_mut().unwrap().read_exact(&mut line).await.unwrap();
    let process = began.elapsed();
    child.wait().await.unwrap();
    let began = Instant::now();
    let lua = mlua::Lua::new();
    lua.globals().set("now", lua.create_function(|_, ()| Ok("now")).unwrap()).unwrap();
    lua.load("return now()").eval::<String>().unwrap();
    (process, began.elapsed())
}

/// Pieces of `size` bytes to `cat` and back.
async fn bare_trips(size: usize, times: &mut Vec<Duration>) {
    let mut child =
        tokio::process::Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut to, mut from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut piece = vec![b'x'; size];
    for _ in 0..CALLS * RUNS {
        let began = Instant::now();
        to.write_all(&piece).await.unwrap();
        from.read_exact(&mut piece).await.unwrap();
        times.push(began.elapsed());
    }
    drop(to);
    child.wait().await.unwrap();
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (engine, now) = engine(dir.path());
    let (mut starts, mut processes, mut vms) = (vec![], vec![], vec![]);
    // In turns, so that all meet the same weather.
    for _ in 0..STARTS {
        let (began, calls) = run(&engine, &now, "now{}").await;
        starts.push(calls[0] - began);
        let (process, vm) = bare_start().await;
        processes.push(process);
        vms.push(vm);
    }
    let (start, process, vm) = (median(&mut starts), median(&mut processes), median(&mut vms));
    println!("start to first call {start:?}; the program bare {process:?}, a bare VM {vm:?}");
    println!("start / bare program and VM: {:.2}", start.as_secs_f64() / (process + vm).as_secs_f64());

    // What goes over the pipe for one call and its answer, both ways, halved: `cat` sends what it gets.
    let request = json!({"call": {"name": "now", "args": {"n": 100}}}).to_string().len() + 4;
    let reply = json!({"ok": "now"}).to_string().len() + 4;
    let (mut calls, mut bare) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        for _ in 0..RUNS {
            let (_, at) = run(&engine, &now, &format!("for n = 1, {CALLS} do now{{n=n}} end")).await;
            assert_eq!(at.len(), CALLS);
            calls.extend(at.windows(2).map(|pair| pair[1] - pair[0]));
        }
        bare_trips(usize::midpoint(request, reply), &mut bare).await;
    }
    let mean = calls.iter().sum::<Duration>() / calls.len() as u32;
    let (call, trip) = (median(&mut calls), median(&mut bare));
    println!("one call of {}: median {call:?}, mean {mean:?}; a bare trip {trip:?}", calls.len());
    println!("call / bare trip: {:.2}", call.as_secs_f64() / trip.as_secs_f64());
}
