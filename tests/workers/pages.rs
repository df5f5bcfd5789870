//! The examples of `docs/workers.md`, word for word but for the image: they do what the page says.

use crate::{
    rig::{IMAGE, engine},
    stage::{containers, of_worker},
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, until},
    },
};
use serde_json::json;
use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

/// The blocks of the page that are in Lua.
fn shown() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/workers.md");
    let page = fs::read_to_string(page).expect("it works");
    let blocks: Vec<String> = page
        .split("```lua\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("it is there").replace("debian:12", IMAGE))
        .collect();
    assert_eq!(blocks.len(), 2, "another example wants a test");
    blocks
}

fn home(fake: &FakeOpenAi) -> Home {
    let home = Home::with(fake);
    home.init(&shown().concat());
    home
}

/// The worker works for longer than the command might by itself: `timeout` of the command stands for its
/// 60 s.
#[test]
fn the_command_waits_for_its_worker() {
    if !engine() {
        return;
    }
    let asked = AtomicUsize::new(0);
    let fake = FakeOpenAi::answering(move |request| {
        assert!(of_worker(request), "the command asks no model by itself");
        assert!(request.messages().iter().any(|m| m["content"].to_string().contains("Run the tests")));
        match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::call("system_run", json!({ "argv": ["sleep", "4"] })),
            _ => Reply::text("All of them pass."),
        }
    });
    let home = home(&fake);
    let init = fs::read_to_string(home.config().join("init.lua")).unwrap();
    let short = init.replace("{ help = \"run the tests in a worker\" }", "{ help = \"x\", timeout = 2 }");
    assert_ne!(init, short);
    home.init(&short);
    let ran = home.pipe(["repl"], "/tests\n").ok();
    assert_eq!((ran.out.trim_end(), ran.err.as_str()), ("All of them pass.", ""), "{ran:?}");
    assert!(until(|| containers(&home).is_empty()));
}

#[test]
fn the_commands_end_is_told() {
    if !engine() {
        return;
    }
    let home = home(&FakeOpenAi::start([]));
    // The image has no make: what a workspace has is found by the path.
    home.write(&home.work().join("make"), "#!/bin/sh\necho made $2\nexit 2\n");
    let init = fs::read_to_string(home.config().join("init.lua")).unwrap();
    let found = init.replace("command = { \"make\"", "command = { \"sh\", \"/workspace/make\"");
    assert_ne!(init, found);
    home.init(&found);
    let ran = home.pipe(["repl"], "/check\n").ok();
    assert_eq!(ran.out, "failed\nmade /workspace\n", "{ran:?}");
    let found = found.replace("timeout = 1800", "timeout = 2");
    home.init(&found);
    home.write(&home.work().join("make"), "echo half\nsleep 600\n");
    let ran = home.pipe(["repl"], "/check\n").ok();
    assert_eq!(ran.out, "still building after half an hour:\nhalf\n", "{ran:?}");
}
