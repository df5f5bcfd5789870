//! What becomes of a run that reaches a limit, for each kind of sandbox: what a script gets, and what a model
//! reads. `docs/limits.md` has the table.

use crate::{
    rig::{IMAGE, engine},
    stage::results,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// Where a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sandbox {
    Container,
    Worker,
    Process,
}

const ALL: [Sandbox; 3] = [Sandbox::Container, Sandbox::Worker, Sandbox::Process];
/// More than a model reads, and less than a script gets.
const LONG: usize = 40_000;
/// More than a script gets.
const HUGE: usize = 5 << 20;

impl Sandbox {
    fn home(self, fake: &FakeOpenAi) -> Home {
        let mut home = Home::with(fake);
        if self == Self::Process {
            home = home.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        }
        home.init(&format!(
            "pista.sandbox('box', {{ image = '{IMAGE}', memory = '64m', fallback = 'process' }})"
        ));
        home.write(&home.work().join("long"), &"long line\n".repeat(LONG / 10));
        home.write(&home.work().join("huge"), &"huge line\n".repeat(HUGE / 10));
        home
    }

    /// The arguments of a call that runs a line for `sh`.
    fn call(self, line: &str, timeout: u32) -> (&'static str, Value) {
        let argv = ["sh", "-c", line];
        match self {
            Self::Worker => ("worker_spawn", json!({ "command": argv, "timeout": timeout })),
            _ => ("container_run", json!({ "argv": argv, "timeout": timeout })),
        }
    }

    /// What a script gets for such a call.
    fn lua(self, home: &Home, line: &str, timeout: u32) -> Value {
        let (function, key) = if self == Self::Worker { ("worker", "command") } else { ("run", "argv") };
        let code = format!(
            "pista.docker.{function} {{ {key} = {{ 'sh', '-c', [[{line}]] }}, timeout = {timeout} }}"
        );
        let ran = home.run(["eval", "--json", &code]).ok();
        ran.json().pop().unwrap_or_else(|| panic!("{self:?}: {ran:?}"))
    }

    /// What a model reads of such a call, and what is kept beside it.
    fn tool(self, line: &str, timeout: u32) -> (Home, String) {
        let fake = FakeOpenAi::start([Reply::calls([self.call(line, timeout)]), Reply::text("done")]);
        let home = self.home(&fake);
        home.run(["run", "--yes", "-e", "go"]).ok();
        (home, results(&fake.last_request().expect("it is there")).remove(0))
    }
}

#[test]
fn time() {
    if !engine() {
        return;
    }
    let line = "echo begun; echo said >&2; sleep 600";
    for sandbox in ALL {
        let fake = FakeOpenAi::start([]);
        let out = sandbox.lua(&sandbox.home(&fake), line, 2);
        assert_eq!(
            (&out["exit"], &out["timed_out"]),
            (&json!("timed_out"), &json!(true)),
            "{sandbox:?}: {out}"
        );
        assert_eq!(
            (&out["stdout"], &out["stderr"]),
            (&json!("begun\n"), &json!("said\n")),
            "{sandbox:?}: {out}"
        );
        assert!(out.get("exit_code").is_none_or(Value::is_null), "{sandbox:?}: {out}");
        let (_, text) = sandbox.tool(line, 2);
        assert!(text.starts_with("timed out after 2 s: the co"), "{sandbox:?}: {text}");
        assert!(text.ends_with("\nstdout:\nbegun\nstderr:\nsaid"), "{sandbox:?}: {text}");
    }
}

/// A process is not killed for it: the system gives it no more, and it says itself what it makes of that.
#[test]
fn memory() {
    if !engine() {
        return;
    }
    let line = "echo begun; exec dd if=/dev/zero of=/dev/null bs=900M count=1";
    for sandbox in ALL {
        let fake = FakeOpenAi::start([]);
        let out = sandbox.lua(&sandbox.home(&fake), line, 60);
        let (_, text) = sandbox.tool(line, 60);
        assert_eq!(out["stdout"], "begun\n", "{sandbox:?}: {out}");
        if sandbox == Sandbox::Process {
            assert_eq!((&out["exit"], &out["exit_code"]), (&json!("failed"), &json!(1)), "{out}");
            assert!(out["stderr"].as_str().unwrap().contains("memory"), "{out}");
            assert!(text.starts_with("exit code 1") && text.contains("memory"), "{text}");
        } else {
            assert_eq!(
                (&out["exit"], &out["out_of_memory"]),
                (&json!("out_of_memory"), &json!(true)),
                "{sandbox:?}: {out}"
            );
            assert!(text.starts_with("killed: it wanted more memory"), "{sandbox:?}: {text}");
        }
        assert!(text.contains("\nstdout:\nbegun"), "{sandbox:?}: {text}");
    }
}

#[test]
fn output() {
    if !engine() {
        return;
    }
    for sandbox in ALL {
        let fake = FakeOpenAi::start([]);
        let home = sandbox.home(&fake);
        let out = sandbox.lua(&home, "cat long; exit 3", 60);
        assert_eq!((&out["exit_code"], &out["truncated"]), (&json!(3), &json!(false)), "{sandbox:?}");
        assert_eq!(out["stdout"].as_str().map(str::len), Some(LONG), "{sandbox:?}");
        let out = sandbox.lua(&home, "cat huge", 60);
        let text = out["stdout"].as_str().unwrap();
        assert!(text.len() <= 4 << 20 && text.contains(" bytes left out; all of it is in "), "{sandbox:?}");
        assert_eq!(out["truncated"], true, "{sandbox:?}");
        assert_eq!(fs::metadata(out["spill"].as_str().unwrap()).unwrap().len(), HUGE as u64, "{sandbox:?}");

        let (home, text) = sandbox.tool("cat long; echo said >&2; exit 3", 60);
        assert!(text.starts_with("exit code 3"), "{sandbox:?}: {text}");
        assert!(text.ends_with("\nstderr:\nsaid"), "{sandbox:?}: {text}");
        let length = text.chars().count();
        assert!((8_000..=10_000).contains(&length), "{sandbox:?}: {length} characters");
        // The mark stands once, and names a file that is there.
        let (_, mark) = text.split_once("bytes left out; all of it is in ").expect("a mark");
        let (path, rest) = mark.split_once(" …]").expect("its end");
        assert!(!rest.contains("left out"), "{sandbox:?}: {text}");
        assert!(path.starts_with(&*home.state().to_string_lossy()), "{sandbox:?}: {path}");
        assert_eq!(fs::metadata(path).unwrap().len(), LONG as u64, "{sandbox:?}");
    }
}

/// A task has no output of its own: its end is told, and what its agent did was told before.
#[test]
fn the_time_of_a_task() {
    if !engine() {
        return;
    }
    let sleep = || Reply::call("system_run", json!({ "argv": ["sleep", "600"] }));
    let fake = FakeOpenAi::start([sleep()]);
    let home = Sandbox::Worker.home(&fake);
    let code = "pista.docker.worker { task = 'sleep', tools = { 'system.run' }, timeout = 3 }";
    let out = home.run(["eval", "--json", code]).ok().json().remove(0);
    assert_eq!((&out["exit"], out.get("text")), (&json!("timed_out"), None), "{out}");
    assert!(out["problem"].as_str().unwrap().starts_with("timed out after 3 s"), "{out}");
    let call = json!({ "task": "sleep", "tools": ["system.run"], "timeout": 3 });
    let fake = FakeOpenAi::start([Reply::call("worker_spawn", call), sleep(), Reply::text("done")]);
    let home = Sandbox::Worker.home(&fake);
    home.run(["run", "--yes", "-e", "go"]).ok();
    let text = results(&fake.last_request().unwrap()).remove(0);
    assert!(text.starts_with("timed out after 3 s: the worker was killed"), "{text}");
}

#[test]
fn modules_reach_theirs_too() {
    let home = Home::new();
    let probe = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app/doctor/probe.wasm");
    fs::copy(probe, home.work().join("probe.wasm")).unwrap();
    for (more, exit) in [
        ("input = 3, timeout = 0.5", "timed_out"),
        ("input = 2", "out_of_memory"),
        ("input = 3, fuel = 1000", "timed_out"),
    ] {
        let code = format!("pista.wasm.run {{ path = 'probe.wasm', {more} }}");
        let out = home.run(["eval", "--json", &code]).ok().json().remove(0);
        assert_eq!(out["exit"], exit, "{more}: {out}");
        assert!(out["problem"].as_str().is_some_and(|problem| problem.starts_with("stopped")), "{out}");
    }
}

/// What a call may ask for is told, not quietly something else.
#[test]
fn a_time_beyond_what_is_allowed_is_refused() {
    let home = Home::new().env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    home.init(
        "pista.sandbox('box', { image = 'x', fallback = 'process' }) \
         pista.sandbox('patient', { image = 'x', fallback = 'process', timeout = 7200 })",
    );
    let run = |profile: &str, timeout: u32| {
        home.run([
            "eval",
            &format!(
                "pista.docker.run {{ profile = '{profile}', argv = {{ 'true' }}, timeout = {timeout} }}"
            ),
        ])
    };
    run("box", 600).ok();
    run("box", 601).code(1).complains(["timeout must be at most 600 seconds", "max_tool_timeout"]);
    run("patient", 7200).ok();
    run("patient", 7201).code(1).complains(["timeout must be at most 7200 seconds"]);
    let worker = |timeout: u32| {
        home.run([
            "eval",
            &format!(
                "pista.docker.worker {{ profile = 'box', command = {{ 'true' }}, timeout = {timeout} }}"
            ),
        ])
    };
    worker(3600).code(1).complains(["no Docker engine answers"]);
    worker(3601).code(1).complains(["timeout must be at most 3600 seconds"]);
}
