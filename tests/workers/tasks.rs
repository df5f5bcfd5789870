//! A task for a worker's agent: its models, its tools, and the policy over both.

use crate::{
    rig::{IMAGE, engine},
    stage::{containers, events, home, of_worker, results, spawn, task},
    support::fake_openai::{FakeOpenAi, Reply},
};
use serde_json::json;

#[test]
fn a_worker_answers_with_its_own_tools_and_the_engines_model() {
    if !engine() {
        return;
    }
    let look = "cat note; id -u; ls /sys/class/net; cat /proc/1/environ | tr '\\0' '\\n' | grep -ci key; touch x || echo read-only";
    let fake = FakeOpenAi::start([
        task(&["fs.read", "system.run"]),
        Reply::call("system_run", json!({ "command": look })),
        Reply::text("The note says hello."),
        Reply::text("done"),
    ]);
    let home = home(&fake, "").env("OPENPISTA_API_KEY", "sk-canary-0123456789");
    let ran = home.run(["run", "--yes", "--json", "-e", "go"]).ok();
    let requests = fake.requests();
    assert_eq!(requests.iter().map(of_worker).collect::<Vec<_>>(), [false, true, true, false]);
    // The worker's agent has the tools that it was given and no others, and its prompt is its own.
    let names: Vec<&str> = requests[1].body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["function"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["fs_read", "system_run"]);
    assert_eq!(requests[1].last_text(), "What does the note say?");
    let seen = &results(&requests[2])[0];
    for part in ["exit code 0", "hello\n65534\nlo\n", "read-only"] {
        assert!(seen.contains(part), "{part:?} is not in {seen}");
    }
    assert!(!seen.contains("eth0") && !seen.contains("canary"), "{seen}");
    assert_eq!(results(&requests[3]), ["The note says hello."]);
    // Its progress is shown in the session, and what its models cost counts.
    let all = ran.json();
    assert!(all.iter().any(|e| e["text"].as_str().is_some_and(|t| t.contains("a worker begins"))), "{ran:?}");
    let tools: Vec<_> = events(&all, "tool_start").iter().map(|e| e["name"].clone()).collect();
    assert_eq!(tools, ["worker.spawn", "system.run"]);
    assert_eq!(containers(&home), Vec::<String>::new());
}

#[test]
fn what_a_workers_models_cost_is_on_the_turns_account() {
    if !engine() {
        return;
    }
    let input = |task: String| {
        let fake =
            FakeOpenAi::start([spawn(json!({ "task": task })), Reply::text("seen"), Reply::text("done")]);
        let ran = home(&fake, "").run(["run", "--yes", "--json", "-e", "go"]).ok();
        events(&ran.json(), "done")[0]["usage"]["input"].as_u64().unwrap()
    };
    // 40,000 letters are read twice: by the worker's model, and by the agent's own in its history.
    let (short, long) = (input("x".into()), input("x".repeat(40_000)));
    assert!(long - short > 15_000, "{short} and {long}");
    // Under a budget that the worker's call would overrun, it is not made.
    let fake = FakeOpenAi::start([spawn(json!({ "task": "x".repeat(40_000) })), Reply::text("done")]);
    let home = home(&fake, "pista.agent('main', { budget = { tokens_per_turn = 20000 } })");
    let ran = home.run(["run", "--yes", "--json", "-e", "go"]);
    let seen = format!("{}{}", ran.out, ran.err);
    assert!(seen.contains("tokens_per_turn"), "{seen}");
    assert!(fake.requests().iter().all(|request| !of_worker(request)), "{seen}");
}

#[test]
fn each_call_of_a_worker_passes_the_policy_of_the_agent() {
    if !engine() {
        return;
    }
    let fake = FakeOpenAi::start([
        task(&["fs.*", "system.run"]),
        Reply::calls([
            ("system_run", json!({ "argv": ["echo", "denied"] })),
            ("system_run", json!({ "argv": ["echo", "other"] })),
            ("fs_read", json!({ "path": "note" })),
            ("fs_list", json!({})),
        ]),
        Reply::text("seen"),
        Reply::text("done"),
    ]);
    let home = home(
        &fake,
        "pista.agent('main', { tools = { allow = { 'worker.spawn' }, deny = { 'fs.list' } } })\n\
         pista.hook('tool_call', function(call)\n\
           if call.name ~= 'system.run' then return end\n\
           if call.args.argv[2] == 'denied' then return pista.deny('not that') end\n\
           call.args.argv = { 'echo', 'rewritten' }\n\
           return call\n\
         end)",
    );
    home.run(["run", "-e", "go"]).ok();
    let worker = fake.requests().into_iter().filter(of_worker).nth(1).unwrap();
    let seen = results(&worker);
    assert!(seen[0].contains("denied") && seen[0].contains("not that"), "{seen:?}");
    assert!(seen[1].contains("rewritten"), "{seen:?}");
    assert!(seen[2].contains("hello"), "{seen:?}");
    assert!(seen[3].contains("denied"), "{seen:?}");
}

#[test]
fn tools_that_are_not_there_and_tasks_that_are_none_are_told() {
    let fake = FakeOpenAi::start([
        Reply::calls([
            ("worker_spawn", json!({ "task": "x", "tools": ["fs.raed"] })),
            ("worker_spawn", json!({})),
            ("worker_spawn", json!({ "task": "x", "command": ["true"] })),
            ("worker_spawn", json!({ "task": "x", "profile": "bxo" })),
            ("worker_spawn", json!({ "task": "x", "image": "mine" })),
            ("worker_spawn", json!({ "task": "x", "timeout": -1 })),
        ]),
        Reply::text("done"),
    ]);
    let home = home(&fake, "");
    home.run(["run", "--yes", "-e", "go"]).ok();
    let seen = results(&fake.last_request().unwrap());
    for (result, words) in seen.iter().zip([
        "fs.read",
        "either a task",
        "either a task",
        "\"box\"",
        "no argument \"image\"",
        "timeout",
    ]) {
        assert!(result.contains(words), "{words:?} is not in {result}");
    }
}

#[test]
fn without_a_profile_there_is_no_such_tool_and_without_an_engine_a_clear_error() {
    let fake = FakeOpenAi::start([Reply::text("done")]);
    let plain = crate::support::program::Home::with(&fake);
    assert!(!plain.run(["tools"]).ok().out.contains("worker.spawn"));
    let fake = FakeOpenAi::start([task(&[]), Reply::text("done")]);
    let home = home(&fake, "").env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    assert!(home.run(["tools"]).ok().out.contains("worker.spawn"));
    home.run(["run", "--yes", "-e", "go"]).ok();
    let seen = &results(&fake.last_request().unwrap())[0];
    assert!(seen.contains("/nowhere/docker.sock") && seen.contains("needs a container"), "{seen}");
}

#[test]
fn a_script_has_a_worker_work_in_the_users_name() {
    if !engine() {
        return;
    }
    let fake =
        FakeOpenAi::start([Reply::call("fs_read", json!({ "path": "note" })), Reply::text("It says hello.")]);
    let home = home(&fake, "");
    let code = "local out = pista.docker.worker { task = 'What does the note say?', tools = { 'fs.read' } } \
                return out.text, out.rounds, out.exit";
    let ran = home.run(["eval", code]).ok();
    assert_eq!(ran.out, "\"It says hello.\", 1, \"done\"\n", "{ran:?}");
    assert_eq!(ran.err, "");
    let error = home.run(["eval", "pista.docker.worker { tsak = 'x' }"]).code(1);
    error.complains(["tsak", "task"]);
}

#[test]
fn an_image_needs_nothing_of_its_own() {
    if !engine() {
        return;
    }
    // Its own libraries, were there any, are not what the worker runs with.
    let fake = FakeOpenAi::start([spawn(json!({ "command": ["ls", "/"] })), Reply::text("done")]);
    let home = home(&fake, "");
    home.run(["run", "--yes", "-e", "go"]).ok();
    let seen = &results(&fake.last_request().unwrap())[0];
    assert!(seen.contains("exit code 0") || seen.contains("bin"), "{seen}");
    assert!(!seen.contains("lib64") && seen.contains("openpista"), "{seen} of {IMAGE}");
}
