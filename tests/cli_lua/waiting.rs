//! What a handler starts has a time of its own, and what a command starts is waited for.

use crate::support::{
    daemon::Daemon,
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, until},
};
use serde_json::json;
use std::time::{Duration, Instant};

/// Waits for so much longer than a handler of this file may take by itself.
const SLOW: &str = "pista.system.run({ 'sh', '-c', 'sleep 1; echo waited' }, { timeout = 30 }).stdout";

/// Handlers that may take 0.3 s, and wait for a command that takes longer; and ones that take their own time.
fn init() -> String {
    format!(
        "local function slow() return {SLOW} end
         pista.command('slow', {{ timeout = 0.3 }}, slow)
         pista.command('task', {{ timeout = 0.3 }}, function() return pista.spawn(slow):wait() end)
         pista.command('twice', {{ timeout = 0.3 }}, function() slow() pista.sleep(60) end)
         pista.command('sleep', {{ timeout = 0.3 }}, function() pista.sleep(60) end)
         pista.command('forever', {{ timeout = 0.3 }}, function() pista.spawn(function() pista.sleep(60) end):wait() end)
         pista.command('spin', {{ timeout = 0.3 }}, function() while true do end end)
         pista.command('agent', {{ timeout = 0.3 }}, function() return (pista.ask_agent('main', 'go')) end)
         pista.tool {{ name = 'slow', description = 'x', timeout = 0.3, run = slow }}
         pista.agent('main', {{ tools = {{ allow = {{ 'slow' }} }} }})
         pista.cron('slow', {{ at = '0 0 1 1 *', timeout = 0.3 }}, slow)
         pista.cron('sleep', {{ at = '0 0 1 1 *', timeout = 0.3 }}, function() pista.sleep(60) end)"
    )
}

#[test]
fn a_command_waits_for_what_it_started_and_for_nothing_else() {
    let home = Home::new();
    home.init(&init());
    for command in ["/slow", "/task"] {
        let ran = home.pipe(["repl"], format!("{command}\n")).ok();
        assert_eq!((ran.out.trim_end(), ran.err.as_str()), ("waited", ""), "{command}");
    }
    for command in ["/sleep", "/twice", "/forever", "/spin"] {
        let ran = home.pipe(["repl"], format!("{command}\n"));
        assert!(ran.err.contains("stopped after 300 ms"), "{command}: {ran:?}");
    }
}

#[test]
fn an_agent_that_takes_long_is_waited_for() {
    let fake = FakeOpenAi::start([Reply::call("slow", json!({})), Reply::text("it waited")]);
    let home = Home::with(&fake);
    home.init(&init());
    let ran = home.pipe(["repl"], "/agent\n").ok();
    assert_eq!(ran.out.trim_end(), "it waited", "{ran:?}");
    // The tool in it, too.
    assert!(fake.last_request().unwrap().last_text().contains("waited"));
}

#[test]
fn a_job_waits_for_what_it_started() {
    let home = Home::new();
    home.init(&init());
    assert_eq!(home.run(["cron", "run", "slow"]).ok().out.trim_end(), "waited");
    home.run(["cron", "run", "sleep"]).code(1).complains(["took too long"]);
}

/// What is evaluated in a daemon has 60 s, which is its own time as well.
#[test]
fn an_evaluation_elsewhere_waits_too() {
    let home = Home::new();
    home.init(&init());
    let daemon = Daemon::start(&home);
    let ran = home.run(["eval", "--attach", SLOW]).ok();
    assert_eq!(ran.out, "\"waited\\n\"\n");
    drop(daemon);
}

#[test]
fn tasks_that_a_command_started_are_waited_for() {
    let home = Home::new();
    let nested = "pista.spawn(function() pista.sleep(0.3) print('one') \
                  pista.spawn(function() pista.sleep(0.3) print('two') end) end) print('begun')";
    let ran = home.run(["eval", &format!("{nested} return 7")]).ok();
    assert_eq!(ran.out, "begun\n7\none\ntwo\n");
    home.write(&home.work().join("job.lua"), &format!("{nested} return 3"));
    let ran = home.run(["lua", "job.lua"]).code(3);
    assert_eq!(ran.out, "begun\none\ntwo\n");
    // Unless the program is told to end, by itself or from outside, or has failed.
    for (end, code) in [("os.exit(4)", 4), ("error('failed')", 1)] {
        let text = format!("pista.spawn(function() pista.sleep(600) end) {end}");
        home.write(&home.work().join("job.lua"), &text);
        home.run(["lua", "job.lua"]).code(code);
    }
    home.write(&home.work().join("job.lua"), "pista.spawn(function() pista.sleep(0.2) os.exit(5) end) pista.spawn(function() pista.sleep(600) end)");
    home.run(["lua", "job.lua"]).code(5);
    for args in [["eval", "print('up') pista.spawn(function() pista.sleep(600) end)"], ["lua", "endless.lua"]]
    {
        home.write(
            &home.work().join("endless.lua"),
            "print('up') io = nil pista.spawn(function() pista.sleep(600) end)",
        );
        let running = home.start(args, "");
        let began = Instant::now();
        assert!(until(|| began.elapsed() > Duration::from_millis(800)));
        running.signal("INT");
        let ran = running.wait().code(130);
        assert_eq!(ran.out, "up\n", "{args:?}");
    }
}
