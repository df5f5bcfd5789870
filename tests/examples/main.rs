//! Every configuration in `lua/examples` is run by the built program, and does what its comment says.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod asking;
mod models;
mod times;
mod web;

use std::{
    fs,
    path::{Path, PathBuf},
};
use support::program::Home;

/// An example's file.
pub(crate) fn example(name: &str) -> String {
    folder().join(name).display().to_string()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("lua/examples")
}

/// The names of all of them.
fn all() -> Vec<String> {
    let mut names = vec![];
    for entry in fs::read_dir(folder()).expect("examples") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            names.push(format!("{name}/init.lua"));
        } else if name.ends_with(".lua") {
            names.push(name);
        }
    }
    names.sort();
    names
}

#[test]
fn each_is_right_and_loading_it_does_nothing() {
    let names = all();
    assert_eq!(names.len(), 10, "{names:?}");
    for name in names {
        let home = Home::new();
        let path = example(&name);
        for _ in 0..2 {
            let ran = home.run(["--config", &path, "check"]).ok();
            assert_eq!(ran.err, "", "{name}");
        }
        assert_eq!(
            fs::read_dir(home.work()).expect("a directory").count(),
            0,
            "{name} left something behind"
        );
        // What it says about itself is how it is run.
        let text = fs::read_to_string(&path).expect("a text");
        assert!(text.starts_with("-- ") && text.contains("-- Run:"), "{name}");
    }
}
