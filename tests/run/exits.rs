//! Exit codes, and what goes with them.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply, Rules},
    program::Home,
};
use std::net::TcpListener;

#[test]
fn zero_for_an_answer() {
    let fake = FakeOpenAi::start([Reply::text("42")]);
    assert_eq!(Home::with(&fake).say("6 × 7?").ok().out, "42\n");
}

#[test]
fn one_for_a_server_that_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    drop(listener);
    let home = Home::new()
        .env("OPENPISTA_BASE_URL", &url)
        .env("OPENPISTA_MODEL", "some-model")
        .env("OPENPISTA_RETRIES", "0");
    let ran = home.say("hi").code(1).complains(["server/some-model", "refused"]);
    assert_eq!(ran.out, "");
}

#[test]
fn one_for_an_http_error_with_the_servers_words() {
    for (status, words) in
        [(400, "no good"), (401, "Incorrect API key"), (404, "model not found"), (500, "on fire")]
    {
        let fake = FakeOpenAi::answering(move |_| Reply::error(status, words));
        let home = Home::with(&fake).env("OPENPISTA_RETRIES", "1");
        let ran = home.say("hi").code(1).complains(["server/fake-model", &status.to_string(), words]);
        assert_eq!(ran.out, "");
    }
}

#[test]
fn one_for_a_wrong_key_with_no_key_in_the_words() {
    let rules = Rules { key: Some("right".into()), ..Rules::default() };
    let fake = FakeOpenAi::with(rules, []);
    let home =
        Home::with(&fake).env("SOME_KEY", "wrong-key-0123456789").env("OPENPISTA_API_KEY", "env:SOME_KEY");
    let ran = home.say("hi").code(1).complains(["401", "Incorrect API key"]);
    assert!(!ran.err.contains("wrong-key"), "{}", ran.err);
}

#[test]
fn every_model_that_was_tried_is_named() {
    let (a, b) = (
        FakeOpenAi::start([Reply::error(503, "a is busy")]),
        FakeOpenAi::start([Reply::error(403, "b says no")]),
    );
    let home = Home::new().env("OPENPISTA_RETRIES", "0").env("OPENPISTA_MODEL", "first/m1");
    home.init(&format!(
        "pista.provider('first', {{ base_url = '{}', fallback = {{ 'second/m2' }} }})\n\
         pista.provider('second', {{ base_url = '{}' }})",
        a.url(),
        b.url()
    ));
    let words = ["first/m1", "503", "a is busy", "second/m2", "403", "b says no"];
    home.say("hi").code(1).complains(words);
}

#[test]
fn configuration_errors_name_the_place() {
    let home = Home::new();
    home.init("-- fine\npista.setup { model = }\n");
    let ran = home.say("hi").code(78).complains(["init.lua:2:"]);
    assert_eq!(ran.out, "");

    home.init("-- fine\n\npista.setup { modle = 'x' }\n");
    home.say("hi").code(78).complains(["init.lua:3:", "modle", "\"model\""]);

    home.init("local t = nil\nprint(t.x)\n");
    home.say("hi").code(78).complains(["init.lua:2:", "nil"]);

    home.init("while true do end");
    home.say("hi").code(78).complains(["init.lua:1"]);

    home.init("pista.agent('main', { model = 'x/y', tools = { alow = {} } })");
    home.say("hi").code(78).complains(["init.lua:1:", "alow", "\"allow\""]);

    home.init("return");
    home.toml("# fine\nmax_tool_round = 3\n");
    home.say("hi").code(78).complains(["config.toml:2", "max_tool_round", "\"max_tool_rounds\""]);

    home.toml("\nmax_tool_rounds = 0\n");
    home.say("hi").code(78).complains(["config.toml:2", "max_tool_rounds", "from 1 to"]);

    home.toml("model = \n");
    home.say("hi").code(78).complains(["config.toml:1"]);
}

#[test]
fn every_command_that_reads_the_configuration_reports_it() {
    let home = Home::new();
    home.init("nonsense(");
    for args in ["sessions list", "config show", "config path", "tools", "grants list", "repl"] {
        home.run(args.split(' ')).code(78).complains(["init.lua:1"]);
    }
    // These need none.
    home.run(["config", "example"]).ok();
    home.run(["completions", "bash"]).ok();
}

#[test]
fn settings_from_the_environment_are_checked_too() {
    let home = Home::new().env("OPENPISTA_MAX_TOOL_ROUNDS", "many");
    home.say("hi").code(78).complains(["OPENPISTA_MAX_TOOL_ROUNDS", "max_tool_rounds", "whole number"]);
}

#[test]
fn several_faults_are_told_at_once() {
    let home = Home::new().env("OPENPISTA_RETRIES", "-1");
    home.toml("lgo = 'debug'\nautonomy = 'always'\n");
    home.say("hi").code(78).complains(["config.toml:1", "\"log\"", "config.toml:2", "OPENPISTA_RETRIES"]);
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let home = Home::new();
    home.run(["run", "-e", "hi", "--config", "nowhere.lua"]).code(78).complains(["nowhere.lua", "--config"]);
    home.run(["--config", "nowhere.lua", "run", "-e", "hi"]).code(78);
    let home = home.env("OPENPISTA_CONFIG", "/no/where.lua");
    home.say("hi").code(78).complains(["/no/where.lua", "OPENPISTA_CONFIG"]);
}

#[test]
fn an_unknown_agent_is_a_configuration_error() {
    let home = Home::new();
    home.init("pista.agent('helper', {})");
    let ran = home.run(["run", "--agent", "halper", "-e", "hi"]);
    ran.code(78).complains(["halper", "helper", "main"]);
    home.run(["tools", "--agent", "halper"]).code(78).complains(["halper", "helper"]);
}

#[test]
fn a_model_without_a_provider_is_a_configuration_error() {
    let home = Home::new();
    home.run(["run", "--model", "some-model", "-e", "hi"])
        .code(78)
        .complains(["some-model", "OPENAI_API_KEY"]);
    // A known provider without its key says which one.
    let ran = home.run(["run", "--model", "groq/some-model", "-e", "hi"]).code(78);
    ran.complains(["GROQ_API_KEY"]);
}

#[test]
fn without_a_home_files_can_be_placed_by_name() {
    let home = Home::new();
    let ran = crate::support::program::Running::start(
        {
            let mut command = home.command(["config", "path"]);
            command.env_remove("HOME").env("XDG_STATE_HOME", home.path().join("s"));
            command.env("XDG_CONFIG_HOME", home.path().join("c"));
            command
        },
        b"",
    )
    .wait()
    .ok();
    assert!(ran.out.contains("/s/openpista/openpista.db"), "{}", ran.out);
}

/// `openpista … | head`: whoever reads has read enough, which is no reason to break down.
#[test]
fn a_closed_pipe_breaks_nothing_down() {
    let home = Home::new();
    let commands: &[&[&str]] = &[
        &["doctor"],
        &["doctor", "--json"],
        &["skills", "list"],
        &["skills", "show", "hello-wasm"],
        &["skills", "check"],
        &["skills", "new", "one"],
        &["init", "--yes"],
        &["check"],
        &["check", "--plan"],
        &["tools"],
        &["config", "show"],
        &["sessions", "list"],
        &["cron", "list"],
        &["devices", "list"],
        &["approvals", "list"],
        &["grants", "list"],
        &["completions", "bash"],
        &["policy", "explain", "system.run", "ls"],
        &["eval", "1 + 1"],
        &["--help"],
    ];
    for args in commands {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = home.command(*args).stdout(writer).output().expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(!complaint.contains("panicked"), "{args:?}: {complaint}");
        assert!(output.status.code().is_some_and(|code| code != 101), "{args:?}: {:?}", output.status);
    }
}
