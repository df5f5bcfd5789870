//! Rounds of tool calls, from the model's words to the model's eyes.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply, Request},
    program::{Home, until},
};
use serde_json::{Value, json};
use std::fs;

/// The results in a request, in the order of their calls.
fn results(request: &Request) -> Vec<&str> {
    let tool = request.messages().iter().filter(|m| m["role"] == "tool");
    tool.filter_map(|m| m["content"].as_str()).collect()
}

fn run(argv: Value) -> (&'static str, Value) {
    ("system_run", json!({ "argv": argv }))
}

#[test]
fn a_command_allowed_word_for_word_runs_and_is_answered() {
    let line = r#"printf 'to out'; printf 'to err' >&2; exit 3"#;
    let fake = FakeOpenAi::start([Reply::calls([run(json!(["sh", "-c", line]))]), Reply::text("done")]);
    let home = Home::with(&fake);
    home.init(&format!(
        "pista.agent('main', {{ tools = {{ allow = {{ {{ 'system.run', argv = {{ 'sh', '-c', [[{line}]] }} }} }} }} }})"
    ));
    home.say("run it").ok().complains(["exit 3"]);
    let requests = fake.requests();
    let [result] = results(&requests[1])[..] else { panic!("one result") };
    assert_eq!(result, "exit code 3\nstdout:\nto out\nstderr:\nto err");
    assert_eq!(fake.refusals(), [""; 0]);
    // What it runs in is the current directory, and the history is the conversation.
    let roles: Vec<&str> = requests[1].messages().iter().filter_map(|m| m["role"].as_str()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool"]);
}

#[test]
fn calls_of_one_answer_run_at_the_same_time() {
    // Each waits for the other: one after the other they would never end.
    let meet = |mine: &str, other: &str| {
        run(json!([
            "sh",
            "-c",
            format!("touch {mine}; while [ ! -e {other} ]; do sleep 0.02; done; echo {mine}")
        ]))
    };
    let fake = FakeOpenAi::start([Reply::calls([meet("a", "b"), meet("b", "a")]), Reply::text("met")]);
    let home = Home::with(&fake).env("OPENPISTA_TOOL_TIMEOUT", "20");
    home.run(["run", "--yes", "-e", "meet"]).ok();
    assert_eq!(results(&fake.requests()[1]), ["exit code 0\nstdout:\na", "exit code 0\nstdout:\nb"]);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn after_ten_rounds_there_is_one_closing_answer() {
    let mut round = 0;
    let fake = FakeOpenAi::answering(move |request| {
        round += 1;
        match request.body.get("tools").is_some() {
            true => Reply::calls([run(json!(["echo", round.to_string()]))]),
            false => Reply::text("that is what I found"),
        }
    });
    let ran = Home::with(&fake).run(["run", "--yes", "-e", "go round"]).ok().complains(["10 tool rounds"]);
    assert_eq!(ran.out, "that is what I found\n");
    let requests = fake.requests();
    assert_eq!(requests.len(), 11);
    assert_eq!(results(&requests[10]).len(), 10);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn the_number_of_rounds_is_a_setting() {
    let fake = FakeOpenAi::answering(|request| match request.body.get("tools").is_some() {
        true => Reply::calls([run(json!(["echo", format!("{}", request.messages().len())]))]),
        false => Reply::text("closing"),
    });
    let home = Home::with(&fake).env("OPENPISTA_MAX_TOOL_ROUNDS", "2");
    assert_eq!(home.run(["run", "--yes", "-e", "go"]).ok().out, "closing\n");
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn a_model_that_calls_even_in_its_closing_answer_runs_nothing() {
    let fake = FakeOpenAi::answering(|request| {
        let round = request.messages().len();
        Reply::calls([run(json!(["sh", "-c", format!("echo {round} >> ran")]))])
    });
    let home = Home::with(&fake).env("OPENPISTA_MAX_TOOL_ROUNDS", "3");
    home.run(["run", "--yes", "-e", "go"]).ok();
    assert_eq!(fs::read_to_string(home.work().join("ran")).expect("it ran").lines().count(), 3);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_model_that_repeats_itself_is_stopped() {
    let fake = FakeOpenAi::answering(|request| match request.body.get("tools").is_some() {
        true => Reply::calls([run(json!(["echo", "same"]))]),
        false => Reply::text("I repeat myself"),
    });
    let ran = Home::with(&fake).run(["run", "--yes", "-e", "go"]).ok().complains(["repeats itself"]);
    assert_eq!(ran.out, "I repeat myself\n");
    assert!(fake.requests().len() < 10);
}

#[test]
fn long_output_is_cut_for_the_model_and_kept_whole() {
    let fake =
        FakeOpenAi::start([Reply::calls([run(json!(["sh", "-c", "seq 1 20000"]))]), Reply::text("long")]);
    let home = Home::with(&fake);
    let ran = home.run(["run", "--yes", "--json", "-e", "count"]).ok();
    let requests = fake.requests();
    let [result] = results(&requests[1])[..] else { panic!("one result") };
    assert!(result.chars().count() <= 10_000 && result.starts_with("exit code 0"), "{}", result.len());
    assert!(result.contains("\n20000"), "the end is shown too");
    let events = ran.json();
    let end = events.iter().find(|e| e["type"] == "tool_end").expect("an end");
    let spill = end["meta"]["spill"].as_str().expect("a file");
    assert!(spill.starts_with(home.state().to_str().expect("text")), "{spill}");
    assert!(result.contains(spill), "the model is told where the whole is");
    assert_eq!(fs::read_to_string(spill).expect("kept").lines().count(), 20_000);
}

#[test]
fn a_command_that_takes_too_long_is_killed() {
    let call = json!({"command": "echo early; sleep 300; echo late", "timeout": 0.3});
    let fake = FakeOpenAi::start([Reply::call("system_run", call), Reply::text("slow")]);
    Home::with(&fake).run(["run", "--yes", "-e", "go"]).ok();
    let requests = fake.requests();
    let [result] = results(&requests[1])[..] else { panic!("one result") };
    assert!(result.starts_with("timed out after 0.3 s") && result.contains("early"), "{result}");
}

#[test]
fn no_command_may_take_longer_than_the_setting_says() {
    let calls = [
        ("system_run", json!({"argv": ["true"], "timeout": 61})),
        ("system_run", json!({"argv": ["true"], "timeout": 60})),
    ];
    let fake = FakeOpenAi::start([Reply::calls(calls), Reply::text("done")]);
    let home = Home::with(&fake).env("OPENPISTA_MAX_TOOL_TIMEOUT", "60");
    home.run(["run", "--yes", "-e", "go"]).ok();
    let requests = fake.requests();
    let results = results(&requests[1]);
    assert!(results[0].contains("at most 60"), "{results:?}");
    assert!(results[1].starts_with("exit code 0"), "{results:?}");
    let schema = requests[0].body["tools"].to_string();
    assert!(schema.contains("at most 60"), "the model is told");
}

#[test]
fn files_are_read_and_written_beneath_the_workspace_only() {
    let fake = FakeOpenAi::start([
        Reply::calls([
            ("fs_write", json!({"path": "notes/a.txt", "content": "one\ntwo\n"})),
            ("fs_read", json!({"path": "../home/.config/openpista/init.lua"})),
            ("fs_read", json!({"path": "/etc/passwd"})),
        ]),
        Reply::calls([("fs_read", json!({"path": "notes/a.txt"}))]),
        Reply::text("done"),
    ]);
    let home = Home::with(&fake);
    home.init("-- a secret plan");
    home.run(["run", "--yes", "-e", "write"]).ok();
    assert_eq!(fs::read_to_string(home.work().join("notes/a.txt")).expect("written"), "one\ntwo\n");
    let requests = fake.requests();
    let all = results(&requests[2]);
    assert_eq!(all.len(), 4);
    assert!(!all[1].contains("secret plan") && !all[2].contains("root:"), "{all:?}");
    assert!(all[3].contains("two"), "{all:?}");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn what_no_tool_understands_is_told_to_the_model() {
    let fake = FakeOpenAi::start([
        Reply::calls([
            ("no_such_tool", json!({})),
            ("system_run", json!("{broken")),
            ("system_run", json!({"argv": "ls"})),
            ("system_run", json!({"argv": ["no-such-program-here"]})),
        ]),
        Reply::text("sorry"),
    ]);
    Home::with(&fake).run(["run", "--yes", "-e", "go"]).ok();
    let requests = fake.requests();
    let all = results(&requests[1]);
    assert!(all[0].contains("no tool") && all[0].contains("no_such_tool"), "{all:?}");
    assert!(all[1].contains("must be one JSON object") || all[1].contains("JSON object"), "{all:?}");
    assert!(all[2].contains("argv"), "{all:?}");
    assert!(all[3].contains("no-such-program-here"), "{all:?}");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_process_left_in_the_background_ends_with_the_call() {
    let line = "sleep 700 >/dev/null 2>&1 & echo $! > pid";
    let fake = FakeOpenAi::start([Reply::call("system_run", json!({"command": line})), Reply::text("ok")]);
    let home = Home::with(&fake);
    home.run(["run", "--yes", "-e", "go"]).ok();
    let pid = fs::read_to_string(home.work().join("pid")).expect("a pid").trim().parse().expect("a number");
    assert!(until(|| !crate::support::program::is_alive(pid)));
}

#[test]
fn tools_work_in_the_workspace_of_the_setting() {
    let fake = FakeOpenAi::start([Reply::calls([run(json!(["pwd"]))]), Reply::text("there")]);
    let home = Home::with(&fake);
    let place = home.path().join("elsewhere");
    fs::create_dir(&place).expect("a directory");
    let home = home.env("OPENPISTA_WORKSPACE", "~/elsewhere");
    home.run(["run", "--yes", "-e", "where?"]).ok();
    let requests = fake.requests();
    let shown = results(&requests[1])[0].trim().rsplit('\n').next().expect("a line").to_owned();
    assert_eq!(fs::canonicalize(shown).expect("it exists"), fs::canonicalize(place).expect("it exists"));
}
