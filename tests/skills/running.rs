//! What programs of skills get, and what becomes of their ends.

use crate::{
    skill,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
    trust,
};
use serde_json::json;

#[test]
fn a_shell_script_gets_its_arguments_and_the_workspace_but_no_secret() {
    let home = Home::new().env("OPENAI_API_KEY", "sk-canary-canary").env("OPENPISTA_MODEL", "demo");
    skill(
        &home,
        "look",
        "parameters:\n  path: string\n",
        "cat; echo; echo \"$SKILL_ARGS\"; pwd; basename \"$SKILL_DIR\"; env | grep -c canary || true",
    );
    trust(&home, "look");
    let ran = home.run(["skills", "run", "look", r#"{"path": "a b"}"#]).ok();
    let work = home.work().canonicalize().unwrap().display().to_string();
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines, [r#"{"path":"a b"}"#, r#"{"path":"a b"}"#, &work, "look", "0"]);
    home.run(["skills", "run", "look"]).code(1);
    home.run(["skills", "run", "look", "[]"]).code(1).complains(["must be a JSON object"]);
}

#[test]
fn python_runs_too() {
    let home = Home::new();
    let folder = home.work().join("py");
    home.write(&folder.join("SKILL.md"), "---\nname: py\ndescription: x\n---\n");
    home.write(&folder.join("main.py"), "import json, sys\nprint(json.load(sys.stdin)['n'] * 2)\n");
    trust(&home, "py");
    assert_eq!(home.run(["skills", "run", "py", r#"{"n": 21}"#]).ok().out, "42\n");
}

#[test]
fn failures_and_time_outs_are_errors_with_the_output() {
    let fake = FakeOpenAi::start([
        Reply::calls([("skill_run", json!({"name": "fails"})), ("skill_run", json!({"name": "hangs"}))]),
        Reply::text("ok"),
    ]);
    let home = Home::with(&fake);
    skill(&home, "fails", "", "echo half; echo why >&2; exit 3");
    skill(&home, "hangs", "timeout: 0.3\n", "echo begun; sleep 600");
    trust(&home, "fails");
    trust(&home, "hangs");
    home.run(["run", "--yes", "-e", "go"]).ok();
    let request = fake.last_request().unwrap();
    let results: Vec<&str> = request
        .messages()
        .iter()
        .filter(|m| m["role"] == "tool")
        .map(|m| m["content"].as_str().unwrap())
        .collect();
    assert_eq!(results[0], "the skill fails failed with exit code 3\nhalf\nstderr:\nwhy");
    assert!(
        results[1].starts_with("the skill hangs was stopped after 0.3 s") && results[1].contains("begun"),
        "{results:?}"
    );
}

#[test]
fn a_model_reads_a_skill_and_runs_it_in_webassembly() {
    let fake = FakeOpenAi::start([
        Reply::calls([("skill_load", json!({"name": "word-count"}))]),
        Reply::calls([("skill_run", json!({"name": "word-count", "args": {"text": "to be or not"}}))]),
        Reply::text("4 words"),
    ]);
    let home = Home::with(&fake);
    home.init("pista.agent('main', { tools = { allow = { 'skill.run' } } })");
    assert_eq!(home.say("count").ok().out, "4 words\n");
    let requests = fake.requests();
    let read = requests[1].last_text().to_owned();
    assert!(
        read.contains("# Skill word-count")
            && read.contains(r#"Arguments of its program: {"text":"string"}"#),
        "{read}"
    );
    assert_eq!(requests[2].last_text(), "4");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn without_a_rule_running_one_asks() {
    let fake =
        FakeOpenAi::start([Reply::calls([("skill_run", json!({"name": "hello-wasm"}))]), Reply::text("no")]);
    let home = Home::with(&fake);
    home.say("run it").ok();
    assert!(fake.last_request().unwrap().last_text().contains("a person would have to allow this"));
}

#[test]
fn a_broken_module_is_told() {
    let home = Home::new();
    let folder = home.work().join("w");
    home.write(&folder.join("SKILL.md"), "---\nname: w\ndescription: x\nmode: wasm\n---\n");
    home.write(&folder.join("skill.wasm"), "not wasm");
    trust(&home, "w");
    let ran = home.run(["skills", "run", "w"]).code(1);
    assert!(ran.out.contains("no WebAssembly module"), "{}", ran.out);
}
