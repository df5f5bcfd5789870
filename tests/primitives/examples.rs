//! The examples in the types are run: those of what acts at the prompt, each in a fresh home.

use crate::support::program::Home;
use std::{fs, path::Path};

/// Modules whose examples act.
const ACTING: &[&str] = &["fs", "http", "kv", "llm", "memory", "session", "system", "time", "tools"];

/// The indented blocks of the comments of a file.
fn examples(text: &str) -> Vec<String> {
    let (mut found, mut open) = (vec![], String::new());
    for line in text.lines().chain([""]) {
        match line.strip_prefix("---    ") {
            Some(code) => open += &format!("{code}\n"),
            None if open.is_empty() => {}
            None => found.push(std::mem::take(&mut open)),
        }
    }
    found
}

#[test]
fn every_example_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lua/pista/_meta");
    let mut run = 0;
    for module in ACTING {
        let text = fs::read_to_string(folder.join(format!("{module}.d.lua"))).expect("a file");
        for example in examples(&text) {
            let home = Home::new().env("GITHUB_TOKEN", "example-of-a-token");
            home.write(&home.work().join("notes.txt"), "TODO\n");
            let ran = home.pipe(["repl"], format!("=do\n{example}end\n"));
            assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{module}:\n{example}");
            run += 1;
        }
    }
    assert!(run >= 25, "only {run} examples were found");
}
