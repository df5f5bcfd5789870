//! What runs unasked, what does not, and what is said about it.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
    terminal::Terminal,
};
use serde_json::{Value, json};

fn touching(name: &str) -> FakeOpenAi {
    FakeOpenAi::start([
        Reply::call("system_run", json!({"argv": ["touch", name]})),
        Reply::text("done"),
        Reply::call("system_run", json!({"argv": ["touch", name]})),
        Reply::text("done"),
    ])
}

fn result_of(fake: &FakeOpenAi, request: usize) -> String {
    let requests = fake.requests();
    assert_eq!(fake.refusals(), [""; 0]);
    requests[request].last_text().to_owned()
}

#[test]
fn what_acts_is_refused_where_nobody_can_be_asked() {
    let fake = touching("made");
    let home = Home::with(&fake);
    let ran = home.say("make it").ok();
    assert!(!home.work().join("made").exists());
    let told = result_of(&fake, 1);
    for words in ["denied", "nobody can be asked", "--yes", "init.lua"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(ran.err.contains("denied") && ran.err.contains("--yes"), "{}", ran.err);
}

#[test]
fn the_rule_that_a_refusal_suggests_allows_the_call() {
    let fake = touching("it's \"made\"");
    let home = Home::with(&fake);
    home.say("make it").ok();
    let told = result_of(&fake, 1);
    let rule = &told[told.find("pista.agent(").expect("a rule")..];
    home.init(rule);
    home.say("make it").ok();
    assert!(home.work().join("it's \"made\"").exists(), "{rule}");
}

#[test]
fn yes_allows_what_would_be_asked() {
    let fake = touching("made");
    let home = Home::with(&fake);
    home.run(["run", "--yes", "-e", "make it"]).ok();
    assert!(home.work().join("made").exists());
    assert!(result_of(&fake, 1).contains("exit code 0"));
}

#[test]
fn so_does_the_setting_autonomy() {
    let fake = touching("made");
    let home = Home::with(&fake);
    home.toml("autonomy = \"auto\"\n");
    home.say("make it").ok();
    assert!(home.work().join("made").exists());
}

#[test]
fn a_rule_that_denies_holds_against_yes() {
    for (rule, words) in [
        ("{ deny = { 'system.run' } }", "there is no tool"),
        ("{ deny = { 'system.*' } }", "there is no tool"),
        ("{ deny = { { 'system.run', argv = { 'touch', 'made' } } } }", "init.lua:1"),
        ("{ allow = { '*' }, deny = { { 'system.run', argv = { 'touch', 'made' } } } }", "init.lua:1"),
    ] {
        let fake = touching("made");
        let home = Home::with(&fake);
        home.init(&format!("pista.agent('main', {{ tools = {rule} }})"));
        home.run(["run", "--yes", "-e", "make it"]).ok();
        assert!(!home.work().join("made").exists(), "{rule}");
        let told = result_of(&fake, 1);
        assert!(told.contains("denied") && told.contains(words), "{rule}: {told}");
    }
}

#[test]
fn a_tool_that_is_denied_is_not_offered() {
    let fake = FakeOpenAi::start([Reply::text("hi")]);
    let home = Home::with(&fake);
    home.init("pista.agent('main', { tools = { deny = { 'system.*', 'fs.write' } } })");
    home.say("hi").ok();
    let offered: Vec<Value> = fake.requests()[0].body["tools"].as_array().expect("tools").clone();
    let names: Vec<&str> = offered.iter().filter_map(|t| t["function"]["name"].as_str()).collect();
    assert_eq!(names, ["fs_edit", "fs_list", "fs_read", "fs_search", "http_get", "skill_load", "skill_run"]);
}

#[test]
fn an_agent_without_tools_is_offered_none() {
    let fake = FakeOpenAi::start([Reply::text("hi")]);
    let home = Home::with(&fake);
    home.init("pista.agent('main', { tools = { deny = { '*' } } })");
    home.say("hi").ok();
    assert!(fake.requests()[0].body.get("tools").is_none());
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn exact_words_allow_nothing_else() {
    for (args, runs) in [
        (json!({"argv": ["touch", "made"]}), true),
        (json!({"argv": ["touch", "made", "more"]}), false),
        (json!({"argv": ["touch"]}), false),
        (json!({"command": "touch made"}), false),
        (json!({"argv": ["touch", "made"], "env": {"PATH": "/tmp"}}), false),
        (json!({"argv": ["touch", "made"], "cwd": "/tmp"}), false),
        (json!({"argv": ["touch", "made"], "stdin": "x"}), false),
    ] {
        let fake = FakeOpenAi::start([Reply::call("system_run", args.clone()), Reply::text("done")]);
        let home = Home::with(&fake);
        home.init(
            "pista.agent('main', { tools = { allow = { { 'system.run', argv = { 'touch', 'made' } } } } })",
        );
        home.say("make it").ok();
        assert_eq!(home.work().join("made").exists(), runs, "{args}");
        assert_eq!(result_of(&fake, 1).contains("denied"), !runs, "{args}");
    }
}

#[test]
fn the_shipped_configuration_lets_look_and_not_touch() {
    let fake = FakeOpenAi::start([
        Reply::calls([
            ("system_run", json!({"argv": ["du", "-k", "-d", "1", "."]})),
            ("fs_list", json!({})),
            ("fs_write", json!({"path": "a", "content": "b"})),
        ]),
        Reply::text("done"),
    ]);
    let home = Home::with(&fake);
    home.say("look").ok();
    let requests = fake.requests();
    let results: Vec<&str> = requests[1]
        .messages()
        .iter()
        .filter(|m| m["role"] == "tool")
        .filter_map(|m| m["content"].as_str())
        .collect();
    assert!(results[0].starts_with("exit code 0"), "{results:?}");
    assert!(!results[1].contains("denied"), "{results:?}");
    assert!(results[2].contains("denied"), "{results:?}");
    assert!(!home.work().join("a").exists());
}

#[test]
fn nothing_lifts_the_floor() {
    let fake = FakeOpenAi::start([
        Reply::call("fs_write", json!({"path": "config/openpista/init.lua", "content": "-- owned"})),
        Reply::text("done"),
    ]);
    let home = Home::with(&fake);
    let config = home.work().join("config");
    let home = home.env("XDG_CONFIG_HOME", config.to_str().expect("text"));
    let init = home.write(
        &config.join("openpista/init.lua"),
        "pista.agent('main', { tools = { allow = { '*' } } })\npista.hook('tool_call', function() return pista.allow() end)",
    );
    home.run(["run", "--yes", "-e", "write"]).ok();
    assert!(result_of(&fake, 1).contains("protected"), "{}", result_of(&fake, 1));
    assert!(!std::fs::read_to_string(init).expect("there").contains("owned"));
}

#[test]
fn a_question_of_a_hook_is_over_when_its_time_is() {
    let fake = FakeOpenAi::answering(|request| match request.messages().last().map(|m| &m["role"]) {
        Some(role) if role == "tool" => Reply::text(request.last_text()),
        _ => Reply::call("system_run", json!({"argv": ["touch", "made"]})),
    });
    let home = Home::with(&fake);
    home.init("pista.hook('tool_call', function() return pista.ask { timeout = 0.3 } end)");
    let mut terminal = Terminal::sized(home.command(["run", "-e", "go"]), 40, 300);
    terminal.sees("nobody answered within 0.3 s");
    assert_eq!(terminal.code(), Some(0));
    assert!(!home.work().join("made").exists());
}
