//! Ctrl-C and SIGTERM in the midst of a turn.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, Running, is_alive, until},
};
use serde_json::json;
use std::fs;

/// The process that the command of [`sleeping`] became.
fn sleeper(home: &Home) -> u32 {
    let file = home.work().join("pid");
    assert!(until(|| fs::read_to_string(&file).is_ok_and(|t| t.ends_with('\n'))), "the command never ran");
    let pid = fs::read_to_string(&file).expect("a file").trim().parse().expect("a pid");
    assert!(is_alive(pid));
    pid
}

/// A turn whose command sleeps, and a second one that is answered.
fn sleeping() -> FakeOpenAi {
    FakeOpenAi::start([
        Reply::calls([
            (
                "system_run",
                json!({"command": "echo $$ > pid.new; mv pid.new pid; sleep 600 & exec sleep 601"}),
            ),
            ("system_run", json!({"argv": ["echo", "quick"]})),
        ]),
        Reply::text("we go on"),
    ])
}

fn stop_with(signal: &str) {
    let fake = sleeping();
    let home = Home::with(&fake);
    let turn = home.start(["run", "--yes", "--session", "s", "--json", "-e", "sleep"], "");
    let pid = sleeper(&home);
    turn.signal(signal);
    let ran = turn.wait().code(130);
    assert!(until(|| !is_alive(pid)), "SIG{signal} left the command running");
    let last = ran.json().pop().expect("events");
    assert_eq!((&last["type"], &last["kind"]), (&json!("failed"), &json!("cancelled")));

    // The history is whole: the strict server takes it.
    let ran = home.run(["run", "--session", "s", "-e", "and now?"]).ok();
    assert_eq!(ran.out, "we go on\n");
    assert_eq!(fake.refusals(), [""; 0]);
    let second = fake.requests().pop().expect("two requests");
    let results: Vec<&str> = second
        .messages()
        .iter()
        .filter(|m| m["role"] == "tool")
        .filter_map(|m| m["content"].as_str())
        .collect();
    assert_eq!(results.len(), 2);
    assert!(results[0].contains("cancelled") || results[1].contains("cancelled"), "{results:?}");
    assert!(second.last_text().contains("and now?"), "{:?}", second.last_text());
    assert!(second.body["messages"].to_string().contains("stopped this turn"), "no notice");
}

#[test]
fn an_interrupt_ends_the_command_and_closes_the_turn() {
    stop_with("INT");
}

#[test]
fn so_does_a_request_to_terminate() {
    stop_with("TERM");
}

#[test]
fn so_does_the_end_of_the_terminal() {
    stop_with("HUP");
}

#[test]
fn an_interrupt_while_the_model_speaks_keeps_what_it_said() {
    let fake = FakeOpenAi::start([
        Reply::text("The first half of a long answer").cut_after(1500).then_hang(),
        Reply::text("we go on"),
    ]);
    let home = Home::with(&fake);
    let turn = home.start(["run", "--session", "s", "-e", "talk"], "");
    assert!(fake.saw_requests(1));
    // What came must have been read; how much does not matter.
    std::thread::sleep(std::time::Duration::from_millis(200));
    turn.signal("INT");
    let ran = turn.wait().code(130);
    assert_eq!(ran.out, "", "no answer, so nothing on stdout");
    assert!(fake.saw_hang_ups(1), "the request went on");
    home.run(["run", "--session", "s", "-e", "go on"]).ok();
    assert_eq!(fake.refusals(), [""; 0]);
    let messages = fake.requests()[1].body["messages"].to_string();
    assert!(messages.contains("The first"), "{messages}");
}

#[test]
fn an_interrupt_while_waiting_for_a_silent_server() {
    let fake = FakeOpenAi::start([Reply::hang()]);
    let home = Home::with(&fake);
    let turn = home.start(["run", "-e", "hello?"], "");
    assert!(fake.saw_requests(1));
    turn.signal("INT");
    turn.wait().code(130);
}

#[test]
fn an_interrupt_during_a_lua_tool() {
    let fake = FakeOpenAi::start([Reply::call("nap", json!({})), Reply::text("we go on")]);
    let home = Home::with(&fake);
    let lua =
        "pista.tool { name = 'nap', description = 'naps', effect = 'read', timeout = 500, parameters = {},
        run = function() pista.log.warn('napping') pista.sleep(400) return 'slept' end }";
    home.init(lua);
    let turn = home.start(["run", "--session", "s", "-e", "nap"], "");
    assert!(fake.saw_requests(1));
    std::thread::sleep(std::time::Duration::from_millis(300));
    turn.signal("INT");
    turn.wait().code(130);
    home.run(["run", "--session", "s", "-e", "go on"]).ok();
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_reader_of_the_events_that_goes_away_stops_the_turn() {
    let fake = sleeping();
    let home = Home::with(&fake);
    let line = format!(
        "{} run --yes --json -e sleep | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}",
        crate::support::program::PROGRAM
    );
    let program = home.command([""; 0]);
    let mut command = std::process::Command::new("bash");
    command.arg("-c").arg(line).env_clear().current_dir(home.work());
    command.envs(program.get_envs().filter_map(|(n, v)| Some((n, v?))));
    let ran = Running::start(command, b"").wait().ok();
    assert_eq!(ran.out.trim(), "0");
    if let Ok(pid) = fs::read_to_string(home.work().join("pid")) {
        assert!(!is_alive(pid.trim().parse().expect("a pid")));
    }
}
