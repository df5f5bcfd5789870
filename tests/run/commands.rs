//! The commands that show what there is.

use crate::support::{
    fake_openai::FakeOpenAi,
    program::{Home, Running},
};
use std::process::Command;

const BUILT_IN: [&str; 10] = [
    "fs.edit",
    "fs.list",
    "fs.read",
    "fs.search",
    "fs.write",
    "http.get",
    "lua.run",
    "skill.load",
    "skill.run",
    "system.run",
];

#[test]
fn tools_are_listed_with_what_may_be_done() {
    let home = Home::new();
    let table = home.run(["tools"]).ok().out;
    let rows: Vec<Vec<&str>> = table.lines().map(|l| l.split_whitespace().collect()).collect();
    let names: Vec<&str> = rows.iter().map(|r| r[0]).collect();
    assert_eq!(names, BUILT_IN);
    let access: Vec<&str> = rows.iter().map(|r| r[1]).collect();
    assert_eq!(access, ["ask", "allow", "allow", "allow", "ask", "ask", "deny", "allow", "ask", "ask"]);
    assert!(table.lines().last().is_some_and(|l| l.contains(" exact)")), "{table}");
}

#[test]
fn tools_of_another_agent_and_in_lua() {
    let home = Home::new();
    home.init(
        "pista.tool { name = 'dice', description = 'Throws a die.', parameters = { sides = 'integer' },
            run = function(args) return math.random(args.sides) end }
        pista.agent('careful', { tools = { deny = { 'system.*' }, allow = { 'dice' } } })",
    );
    let table = home.run(["tools", "--agent", "careful"]).ok().out;
    let line = |name: &str| table.lines().find(|l| l.starts_with(name)).expect("a line");
    assert!(line("dice").contains("allow") && line("dice").contains("Throws a die."), "{table}");
    assert!(line("system.run").contains("deny"), "{table}");
    let tools = home.run(["tools", "--json"]).ok().json();
    assert_eq!(tools.len(), BUILT_IN.len() + 1);
    let dice = tools.iter().find(|t| t["name"] == "dice").expect("the tool");
    assert_eq!(dice["parameters"]["properties"]["sides"]["type"], "integer");
    assert_eq!((dice["access"].as_str(), dice["effect"].as_str()), (Some("ask"), Some("act")));
}

#[test]
fn a_tool_may_not_take_the_name_of_another() {
    let home = Home::new();
    home.init("pista.tool { name = 'fs.read', description = 'x', parameters = {}, run = function() end }");
    home.run(["tools"]).code(78).complains(["init.lua:1", "fs.read"]);
}

#[test]
fn no_approvals_yet() {
    let home = Home::new();
    assert_eq!(home.run(["grants", "list"]).ok().complains(["no standing approvals"]).out, "");
    assert_eq!(home.run(["grants", "list", "--json"]).ok().out, "");
    home.run(["grants", "rm", "abc"]).code(1).complains(["no standing approval begins with \"abc\""]);
    home.run(["grants", "rm"]).code(2);
}

#[test]
fn completions_are_scripts() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(["completions", shell]).ok().out;
        for word in ["openpista", "sessions", "session", "json"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    home.run(["completions", "cmd.exe"]).code(2).complains(["bash"]);
    let script = home.write(&home.path().join("completions"), &home.run(["completions", "bash"]).ok().out);
    let mut bash = Command::new("bash");
    let line = format!(
        "source {} && COMP_WORDS=(openpista ses) COMP_CWORD=1 && _openpista openpista ses openpista && \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    bash.args(["--norc", "-c", &line]);
    assert_eq!(Running::start(bash, b"").wait().ok().out.trim(), "sessions");
}

#[test]
fn help_says_what_matters() {
    let home = Home::new();
    for (args, words) in [
        (
            "--help",
            &["run", "repl", "sessions", "config", "tools", "grants", "completions", "78", "--config"][..],
        ),
        (
            "run --help",
            &["--session", "--json", "--model", "--agent", "--yes", "standard input", "OPENPISTA_MODEL"],
        ),
        ("repl --help", &["--session", "--model", "--agent", "--yes"]),
        ("sessions --help", &["list", "show", "search", "name", "rm"]),
        ("sessions list --help", &["--json", "--limit", "50"]),
        ("sessions rm --help", &["for good"]),
        ("config --help", &["show", "path", "example"]),
        ("config show --help", &["--origin", "--json"]),
        ("tools --help", &["--agent", "--json"]),
        ("grants --help", &["list", "rm"]),
        ("completions --help", &["bash", "zsh", "fish"]),
    ] {
        let ran = home.run(args.split(' ')).ok();
        for word in words {
            assert!(ran.out.contains(word), "{args} does not mention {word:?}:\n{}", ran.out);
        }
        assert_eq!(ran.err, "");
    }
    assert!(!home.state().exists() && !home.config().exists(), "looking leaves nothing behind");
}

#[test]
fn the_version() {
    let ran = Home::new().run(["--version"]).ok();
    assert_eq!(ran.out, format!("openpista {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn showing_connects_to_nothing() {
    let fake = FakeOpenAi::start([]);
    let home = Home::with(&fake).env("OPENPISTA_LOCAL_SERVERS", fake.url());
    for args in ["config show", "config path", "config example", "tools", "sessions list", "grants list"] {
        home.run(args.split(' ')).ok();
    }
    assert_eq!(fake.connections(), 0);
}

#[test]
fn a_database_that_is_none_is_told_and_left_alone() {
    let home = Home::new();
    home.write(&home.database(), "this is not a database, but someone's file, long enough to be read as one");
    let path = home.database().display().to_string();
    for args in [&["sessions", "list"][..], &["run", "-e", "hi"]] {
        home.run(args).code(1).complains([path.as_str()]);
    }
    assert!(std::fs::read_to_string(home.database()).expect("there").contains("someone's file"));
    // What needs no memory works.
    home.run(["tools"]).ok();
}
