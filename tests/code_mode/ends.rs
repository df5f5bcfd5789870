//! Deadlines, cancelling, and a process that dies in the middle of a call.

use crate::{
    rig::{allowing, limited, model, start, told, workers},
    support::{
        fake_openai::{FakeOpenAi, Reply as Said},
        program::{Home, PROGRAM, is_alive, signal, until},
    },
};
use openpista::{
    domain::{BoxFuture, JsonMap},
    sandbox::lua::{Broken, Done, Host, Reply, run},
};
use serde_json::json;
use std::{fs, path::Path, time::Duration};

/// Takes longer over each call than the program has for itself.
struct Slow;

impl Host for Slow {
    fn call(&mut self, _: String, _: JsonMap) -> BoxFuture<'_, Reply> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            Reply::Ok(1.into())
        })
    }
}

#[tokio::test]
async fn waiting_for_calls_costs_no_time() {
    let code = "local n = 0 for i = 1, 3 do n = n + fs.read{} end return n";
    let done = run(Path::new(PROGRAM), &start(code, 300), &mut Slow).await.expect("an end");
    assert_eq!((done.returned.as_deref(), done.timed_out), (Some("3"), false));
    let code = "fs.read{}\nwhile true do end";
    let done = run(Path::new(PROGRAM), &start(code, 300), &mut Slow).await.expect("an end");
    assert!(done.timed_out);
    assert!(done.error.expect("an error").starts_with("code:2: stopped after 300 ms"));
}

#[tokio::test]
async fn what_was_printed_before_the_deadline_is_kept() {
    let (ended, _) = limited("print('so far')\nwhile true do end", 100).await;
    let Done { printed, error, timed_out, .. } = ended.expect("an end");
    assert_eq!((printed.as_str(), timed_out), ("so far\n", true));
    assert!(error.expect("an error").contains("2 | while true do end"));
}

#[test]
fn the_model_names_the_deadline_within_bounds() {
    let run = |timeout: serde_json::Value| {
        let call = Said::call("lua_run", json!({ "code": "while true do end", "timeout": timeout }));
        let fake = FakeOpenAi::start([call, Said::text("done")]);
        let home = Home::with(&fake);
        allowing(&home, "allow = { 'lua.run' }");
        home.say("go").ok();
        told(&fake, 1)
    };
    assert!(run(json!(0.1)).contains("stopped after 100 ms"));
    for wrong in [json!(0), json!(-1), json!(1e9)] {
        assert!(run(wrong.clone()).contains("is not between 0 and"), "{wrong}");
    }
    assert!(run(json!("x")).contains("number"));
}

/// Kills the process that waits for the call, and waits for ever itself.
struct Kill(u64);

impl Host for Kill {
    fn call(&mut self, _: String, _: JsonMap) -> BoxFuture<'_, Reply> {
        let pids = workers(self.0);
        assert_eq!(pids.len(), 1);
        signal("KILL", pids[0]);
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_process_that_dies_in_a_call_ends_the_run() {
    // The limit of its processor time is one of a kind: 4,321 s, a second more, and the grace.
    let ended = run(Path::new(PROGRAM), &start("return fs.read{}", 4_321_000), &mut Kill(4_324)).await;
    match ended {
        Err(Broken::Ended(how)) => assert_eq!(how, "killed by signal 9"),
        other => panic!("{other:?}"),
    }
    assert_eq!(workers(4_324), [0; 0]);
}

/// Reports that the call has begun, and waits for ever.
struct Began(Option<tokio::sync::oneshot::Sender<()>>);

impl Host for Began {
    fn call(&mut self, _: String, _: JsonMap) -> BoxFuture<'_, Reply> {
        let _ = self.0.take().expect("one call").send(());
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn dropping_a_run_kills_the_process() {
    let (send, begun) = tokio::sync::oneshot::channel();
    let mut host = Began(Some(send));
    let start = start("return fs.read{}", 5_432_000);
    let mut run = Box::pin(run(Path::new(PROGRAM), &start, &mut host));
    tokio::select! {
        ended = &mut run => panic!("{ended:?}"),
        _ = begun => {}
    }
    let pids = workers(5_435);
    assert_eq!(pids.len(), 1);
    drop(run);
    assert!(until(|| !is_alive(pids[0])));
}

#[test]
fn ctrl_c_ends_the_turn_and_the_program_with_all_it_called() {
    let fake = model(&["system.run{argv={'bash', '-c', 'echo $$ > pid; exec sleep 1000'}}"]);
    let home = Home::with(&fake);
    allowing(&home, "allow = { 'lua.run', 'system.run' }");
    let running = home.start(["run", "-e", "go"], "");
    let file = home.work().join("pid");
    assert!(until(|| fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n'))));
    let pid: u32 = fs::read_to_string(&file).expect("there").trim().parse().expect("a number");
    running.signal("INT");
    assert_eq!(running.wait().code, Some(130));
    assert!(until(|| !is_alive(pid)));
    // The history is whole: the next turn goes on.
    let fake = FakeOpenAi::start([Said::text("back")]);
    let home = home.env("OPENPISTA_BASE_URL", fake.url());
    assert_eq!(home.run(["run", "-e", "again"]).ok().out, "back\n");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn the_engine_answers_after_the_worst() {
    let fake = model(&[
        "local t = {} while true do t[#t + 1] = ('x'):rep(1 << 20) .. #t end",
        "for i = 1, 1e6 do print(('y'):rep(100)) end return ('z'):rep(1 << 22)",
        "local function f() return pcall(f) end while true do f() end",
        "return 'fine again'",
    ]);
    let home = Home::with(&fake).env("OPENPISTA_TOOL_TIMEOUT", "2");
    allowing(&home, "allow = { 'lua.run' }");
    assert_eq!(home.say("go").ok().out, "done\n");
    assert!(told(&fake, 1).contains("not enough memory"), "{}", told(&fake, 1));
    assert!(told(&fake, 2).len() < 12_000, "{}", told(&fake, 2).len());
    assert!(told(&fake, 3).contains("stopped after 2 s"), "{}", told(&fake, 3));
    assert_eq!(told(&fake, 4), "fine again");
}
