//! A command for a worker.

use crate::{
    rig::engine,
    stage::{home, results, spawn},
    support::fake_openai::{FakeOpenAi, Reply},
};
use serde_json::json;

#[test]
fn what_it_prints_is_shown_as_it_comes_and_its_end_comes_back() {
    if !engine() {
        return;
    }
    let line = "cat; echo first; echo second >&2; exit 3";
    let fake = FakeOpenAi::start([
        spawn(json!({ "command": ["sh", "-c", line], "stdin": "in " })),
        Reply::text("done"),
    ]);
    let home = home(&fake, "");
    let ran = home.run(["run", "--yes", "--json", "-e", "go"]).ok();
    let seen = &results(&fake.last_request().unwrap())[0];
    assert_eq!(seen, "exit code 3\nstdout:\nin first\nstderr:\nsecond");
    let told: String = ran
        .json()
        .iter()
        .filter(|e| e["type"] == "notice")
        .map(|e| e["text"].as_str().unwrap().to_owned() + "\n")
        .collect();
    assert!(told.contains("first") && told.contains("second"), "{told}");
}

#[test]
fn a_script_gets_the_parts() {
    if !engine() {
        return;
    }
    let fake = FakeOpenAi::start([]);
    let home = home(&fake, "");
    let code = "local out = pista.docker.worker { command = { 'sh', '-c', 'echo out; echo err >&2; exit 4' } } \
                return out.exit, out.exit_code, out.stdout, out.stderr, out.profile";
    let ran = home.run(["eval", code]).ok();
    assert_eq!(ran.out, "\"failed\", 4, \"out\\n\", \"err\\n\", \"box\"\n", "{ran:?}");
    assert_eq!(ran.err, "", "nothing is told that nobody has to know");
    assert_eq!(fake.count(), 0, "a command asks no model");
}
