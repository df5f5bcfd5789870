//! Arguments in the wrong type, whoever makes the call.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply, Request},
    program::Home,
};
use serde_json::{Value, json};

fn results(request: &Request) -> Vec<String> {
    let tool = request.messages().iter().filter(|m| m["role"] == "tool");
    tool.filter_map(|m| m["content"].as_str().map(str::to_owned)).collect()
}

/// What the model reads that makes these calls.
fn called(home: &str, calls: Vec<(&'static str, Value)>) -> (Home, Vec<String>) {
    let fake = FakeOpenAi::start([Reply::calls(calls), Reply::text("done")]);
    let ready = Home::with(&fake);
    ready.init(home);
    ready.write(&ready.work().join("note"), "one\ntwo\nthree\n");
    ready.say("go").ok();
    let seen = results(&fake.requests()[1]);
    assert_eq!(fake.refusals(), [""; 0]);
    (ready, seen)
}

const RULES: &str = "pista.agent('main', { tools = {
    allow = { 'fs.*', 'count', { 'system.run', argv = { 'echo', 'hi' } } },
    deny = { { 'system.run', argv = { 'echo', 'no' } } },
} })
pista.tool { name = 'count', description = 'x', parameters = { n = 'integer', deep = 'boolean?' },
    run = function(args) return math.type(args.n) .. ' ' .. type(args.deep) end }";

#[test]
fn of_the_model() {
    let (home, seen) = called(
        RULES,
        vec![
            ("fs_read", json!({"path": "note", "limit": "1"})),
            ("system_run", json!({"argv": "[\"echo\",\"hi\"]", "timeout": "5"})),
            ("system_run", json!({"argv": "[\"echo\",\"no\"]"})),
            ("fs_write", json!({"path": "list", "content": "[1,2]"})),
            ("count", json!({"n": "7", "deep": "true"})),
            ("count", json!({"n": "seven"})),
            ("system_run", json!({"argv": "rm -r x"})),
        ],
    );
    assert!(seen[0].contains("one") && !seen[0].contains("two"), "{seen:?}");
    assert!(seen[1].contains("hi") && seen[1].contains("exit code 0"), "{seen:?}");
    assert!(seen[2].contains("denied: not allowed: rule"), "{seen:?}");
    assert_eq!(std::fs::read_to_string(home.work().join("list")).expect("a file"), "[1,2]");
    assert_eq!(seen[4], "integer boolean");
    assert!(seen[5].starts_with("count: the argument \"n\" must be of type integer"), "{seen:?}");
    // The shape comes before the policy, and no remedy opens more than this call.
    assert!(seen[6].starts_with("system.run: the argument \"argv\" must be of type array"), "{seen:?}");
    assert!(!seen.iter().any(|result| result.contains("allow = { \"system.run\"")), "{seen:?}");
}

#[test]
fn of_a_script_and_of_the_models_program() {
    let home = Home::new();
    home.init(RULES);
    let script = home.write(
        &home.work().join("calls.lua"),
        "print(pista.tools.call('count', { n = '7' }).content)
         print(pista.tools.call('system.run', { argv = '[\"echo\",\"no\"]' }).status)
         print(pista.tools.call('system.run', { argv = '[\"echo\",\"hi\"]', timeout = '5' }).status)
         print(pista.tools.call('count', { n = 'seven' }).status)",
    );
    let ran = home.run(["lua", script.to_str().expect("text")]);
    assert_eq!(ran.out, "integer nil\ndenied\nok\nerror\n", "{ran:?}");
    let rules = RULES.replace("'fs.*', 'count',", "'fs.*', 'count', 'lua.run',");
    let program = "local a = tools.call('count', { n = '7' })\n\
                   local ok, no = pcall(tools.call, 'system.run', { argv = '[\"echo\",\"no\"]' })\n\
                   return tostring(a) .. ' ' .. tostring(no)";
    let (_, seen) = called(&rules, vec![("lua_run", json!({ "code": program }))]);
    assert!(seen[0].contains("integer nil") && seen[0].contains("denied"), "{seen:?}");
}

#[test]
fn of_a_skill() {
    let skill =
        "---\nname: adder\ndescription: Adds.\nmode: subprocess\nparameters:\n  n: integer\n---\nAdd.\n";
    let home = Home::new();
    home.write(&home.work().join("skills/adder/SKILL.md"), skill);
    let run = home.work().join("skills/adder/run.sh");
    home.write(&run, "#!/bin/sh\ncat\n");
    std::fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    home.run(["skills", "trust", "adder", "--yes"]).ok();
    let ran = home.run(["skills", "run", "adder", r#"{"n": "7"}"#]);
    assert!(ran.out.contains("\"n\":7"), "{ran:?}");
}
