//! A program run without a model: the real process, and a host that answers its calls.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply as Said},
    program::{Home, PROGRAM},
};
use openpista::{
    domain::{BoxFuture, JsonMap},
    sandbox::{
        Limits,
        lua::{Broken, Done, Host, Job, MAX_CALLS, Offered, Reply, run},
    },
};
use serde_json::{Value, json};
use std::{path::Path, process::Command, time::Duration};

/// Answers with what it was given; `fail` fails.
#[derive(Default)]
pub(crate) struct Echo(pub(crate) Vec<(String, JsonMap)>);

impl Host for Echo {
    fn call(&mut self, name: String, args: JsonMap) -> BoxFuture<'_, Reply> {
        let reply = match name.as_str() {
            "fail" => Reply::Failed { status: "denied".into(), message: "denied: not this".into() },
            "text" => Reply::Ok("plain text".into()),
            "size" => {
                let bytes = args.get("bytes").and_then(Value::as_u64).unwrap_or(0);
                Reply::Ok("x".repeat(usize::try_from(bytes).expect("small")).into())
            }
            _ => Reply::Ok(args.clone().into()),
        };
        self.0.push((name, args));
        Box::pin(std::future::ready(reply))
    }
}

/// What may be called in these tests.
pub(crate) const TOOLS: &[&str] = &["a.b", "fail", "fs", "fs.read", "size", "text"];

pub(crate) fn start(code: &str, timeout_ms: u64) -> Job {
    let offer = |name: &&str| Offered {
        name: (*name).into(),
        signature: format!("{name}{{x: integer}}"),
        description: format!("Does {name}."),
    };
    let limits = Limits { timeout: Duration::from_millis(timeout_ms), ..Limits::default() };
    Job { code: code.into(), max_calls: MAX_CALLS, tools: TOOLS.iter().map(offer).collect(), limits }
}

/// Runs a program.
pub(crate) async fn program(code: &str) -> (Result<Done, Broken>, Echo) {
    limited(code, 10_000).await
}

/// Runs a program that may take so many milliseconds.
pub(crate) async fn limited(code: &str, timeout_ms: u64) -> (Result<Done, Broken>, Echo) {
    let mut echo = Echo::default();
    let ended = run(Path::new(PROGRAM), &start(code, timeout_ms), &mut echo).await;
    (ended, echo)
}

/// What a program returns.
pub(crate) async fn returned(code: &str) -> String {
    match program(code).await.0 {
        Ok(Done { returned, error: None, .. }) => returned.unwrap_or_default(),
        other => panic!("{code}: {other:?}"),
    }
}

/// The error of a program.
pub(crate) async fn error(code: &str) -> String {
    match program(code).await.0 {
        Ok(Done { error: Some(error), .. }) => error,
        other => panic!("{code}: {other:?}"),
    }
}

/// The numbers of our worker processes that may use so many seconds of processor time, which makes
/// them those of one test.
pub(crate) fn workers(cpu_seconds: u64) -> Vec<u32> {
    let all = Command::new("ps").args(["-A", "-o", "pid=,ppid=,args="]).output().expect("ps is there").stdout;
    let ours = std::process::id().to_string();
    let command = format!("lua-worker {cpu_seconds}");
    let worker = |line: &str| {
        let mut words = line.split_whitespace();
        let (pid, parent) = (words.next()?, words.next()?);
        (parent == ours && line.ends_with(&command)).then(|| pid.parse().ok())?
    };
    String::from_utf8_lossy(&all).lines().filter_map(worker).collect()
}

/// A model that runs these programs, one after the other, and then says "done".
pub(crate) fn model(programs: &[&str]) -> FakeOpenAi {
    let runs: Vec<_> = programs.iter().map(|code| Said::call("lua_run", json!({ "code": code }))).collect();
    FakeOpenAi::start(runs.into_iter().chain([Said::text("done")]))
}

/// Lets a program run, and what is in `rules`.
pub(crate) fn allowing(home: &Home, rules: &str) {
    home.init(&format!("pista.agent('main', {{ tools = {{ {rules} }} }})"));
}

/// What the model was told in its n-th request.
pub(crate) fn told(fake: &FakeOpenAi, request: usize) -> String {
    assert_eq!(fake.refusals(), [""; 0]);
    fake.requests()[request].last_text().to_owned()
}
