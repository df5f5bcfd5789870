//! Containers in the built program: for models, scripts and skills.

use crate::{
    rig::{IMAGE, engine},
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use serde_json::{Value, json};

fn results(fake: &FakeOpenAi) -> Vec<String> {
    let request = fake.last_request().expect("a request");
    let tool = request.messages().iter().filter(|m| m["role"] == "tool");
    tool.map(|m| m["content"].as_str().unwrap_or_default().to_owned()).collect()
}

fn asking(calls: Vec<(&'static str, Value)>) -> FakeOpenAi {
    FakeOpenAi::start([Reply::calls(calls), Reply::text("ok")])
}

#[test]
fn a_model_runs_a_command_in_a_profile_and_chooses_nothing_else() {
    if !engine() {
        return;
    }
    let fake = asking(vec![
        ("container_run", json!({"command": "cat note; touch x || echo read-only"})),
        ("container_run", json!({"argv": ["true"], "mounts": ["/:/host"]})),
        ("container_run", json!({"argv": ["true"], "profile": "biuld"})),
    ]);
    let home = Home::with(&fake);
    home.write(&home.work().join("note"), "hello\n");
    home.init(&format!("pista.sandbox('build', {{ image = '{IMAGE}', memory = '64m' }})"));
    home.run(["run", "--yes", "-e", "go"]).ok();
    let results = results(&fake);
    assert!(results[0].starts_with("exit code 0\nstdout:\nhello\nread-only"), "{results:?}");
    assert!(results[1].contains("there is no argument \"mounts\""), "{results:?}");
    assert!(results[2].contains("did you mean \"build\"?"), "{results:?}");
}

#[test]
fn a_profile_that_would_be_a_way_out_is_refused() {
    let home = Home::new();
    for mount in ["/", "/etc", "/var/run", "/proc/self", "~", "~/.config/openpista", "~/.ssh"] {
        std::fs::create_dir_all(home.path().join(".ssh")).unwrap();
        home.init(&format!("pista.sandbox('x', {{ image = 'a', mounts = {{ {{ '{mount}', '/data' }} }} }})"));
        home.run(["tools"]).code(78).complains(["init.lua:1", "container"]);
    }
    // A link to one of them is seen through.
    std::os::unix::fs::symlink("/etc", home.path().join("plain")).unwrap();
    home.init("pista.sandbox('x', { image = 'a', mounts = { { '~/plain', '/data' } } })");
    home.run(["tools"]).code(78);
    for wrong in [
        "memory = '1'",
        "user = 'root'",
        "fallback = 'yes'",
        "netwrok = true",
        "env = { A = pista.secret('env:A') }",
    ] {
        home.init(&format!("pista.sandbox('x', {{ image = 'a', {wrong} }})"));
        home.run(["tools"]).code(78).complains(["init.lua:1", "pista.sandbox"]);
    }
}

#[test]
fn without_an_engine_it_is_refused_or_confined_as_the_profile_says() {
    let nowhere = "unix:///nowhere/docker.sock";
    let line = "cat note; touch x 2>/dev/null || echo read-only; cat \"$HOME_OF_USER/.secret\" 2>&1 || true; ulimit -v";
    let fake = asking(vec![("container_run", json!({"command": line}))]);
    let home = Home::with(&fake).env("DOCKER_HOST", nowhere);
    home.write(&home.work().join("note"), "hello\n");
    home.init("pista.sandbox('x', { image = 'a' })");
    home.run(["run", "--yes", "-e", "go"]).ok();
    assert!(results(&fake)[0].contains("Nothing was run"), "{:?}", results(&fake));

    let fake = asking(vec![("container_run", json!({"command": line}))]);
    let home = Home::with(&fake).env("DOCKER_HOST", nowhere);
    home.write(&home.work().join("note"), "hello\n");
    home.write(&home.path().join(".secret"), "canary");
    let user = home.path().display().to_string();
    home.init(&format!(
        "pista.sandbox('x', {{ image = 'a', memory = '256m', fallback = 'process', env = {{ HOME_OF_USER = '{user}' }} }})"
    ));
    home.run(["run", "--yes", "-e", "go"]).ok();
    let result = &results(&fake)[0];
    for part in ["confined process", "hello\n", "262144"] {
        assert!(result.contains(part), "{part:?} is not in {result}");
    }
    if landlock() {
        assert!(result.contains("read-only") && !result.contains("canary"), "{result}");
    }
}

/// Whether this kernel confines files.
fn landlock() -> bool {
    let there = std::fs::read_to_string("/proc/kallsyms")
        .is_ok_and(|symbols| symbols.contains("landlock_create_ruleset"));
    if !there {
        eprintln!("SKIPPED in part: this kernel has no Landlock");
    }
    there
}

#[test]
fn scripts_run_containers_and_modules_in_the_users_name() {
    if !engine() {
        return;
    }
    let home = Home::new();
    home.init(&format!("pista.sandbox('b', {{ image = '{IMAGE}' }})"));
    let module = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("skills/word-count/skill.wasm");
    std::fs::copy(module, home.work().join("w.wasm")).unwrap();
    let lines = "=pista.docker.run{ argv = { 'echo', 'hi' } }.stdout\n\
        =pista.docker.run{ command = 'exit 4' }.exit_code\n\
        =pista.wasm.run{ path = 'w.wasm', input = { args = { text = 'a b' } } }.result.content\n\
        =pista.wasm.run{ path = 'w.wasm', input = 1, memory_mb = 0, timeout = 1 }.exit\n";
    let ran = home.pipe(["repl"], lines);
    let shown: Vec<&str> = ran.out.lines().collect();
    assert_eq!(shown, [r#""hi\n""#, "4", r#""2""#, r#""out_of_memory""#], "{ran:?}");
}

#[test]
fn a_skill_runs_in_the_image_that_it_names() {
    if !engine() {
        return;
    }
    let home = Home::new();
    home.init("pista.sandbox('skills', { workspace = false })");
    let folder = home.work().join("boxed");
    let front = format!("---\nname: boxed\ndescription: x\nmode: container\nimage: {IMAGE}\n---\n");
    home.write(&folder.join("SKILL.md"), &front);
    home.write(&folder.join("run.sh"), "cat; echo; echo $SKILL_DIR; ls /workspace; id -u");
    home.run(["skills", "trust", "boxed", "--yes"]).ok();
    let ran = home.run(["skills", "run", "boxed", r#"{"a":1}"#]).ok();
    assert_eq!(ran.out, "{\"a\":1}\n/skill\n65534\n");
}
