//! Skills in the built program: found, trusted, told to the model, run.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod finding;
mod running;
mod trusting;
mod watching;
mod wild;

use support::program::Home;

/// Writes a skill with a `run.sh` into the workspace.
pub(crate) fn skill(home: &Home, name: &str, front: &str, run: &str) {
    let folder = home.work().join("skills").join(name);
    let front = format!("---\nname: {name}\ndescription: For tests, {name}.\n{front}---\nRead me.\n");
    home.write(&folder.join("SKILL.md"), &front);
    home.write(&folder.join("run.sh"), run);
}

pub(crate) fn trust(home: &Home, name: &str) {
    home.run(["skills", "trust", name, "--yes"]).ok();
}
