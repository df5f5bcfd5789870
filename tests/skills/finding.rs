//! Where skills are found, and what is wrong with some.

use crate::{skill, support::program::Home, trust};
use std::{fs, os::unix::fs::symlink};

#[test]
fn they_are_found_in_the_workspace_beside_init_lua_and_in_the_program() {
    let home = Home::new();
    home.init("");
    skill(&home, "deep", "", "echo hi");
    let beside = home.config().join("skills/mine");
    home.write(&beside.join("SKILL.md"), "---\nname: mine\ndescription: Mine.\n---\n");
    let ran = home.run(["skills", "list", "--json"]).ok();
    let found: Vec<(String, String)> = ran
        .json()
        .iter()
        .map(|s| (s["name"].as_str().unwrap().into(), s["from"].as_str().unwrap().into()))
        .collect();
    let expected = [
        ("deep", "workspace"),
        ("hello-wasm", "shipped"),
        ("mine", "configuration"),
        ("word-count", "shipped"),
    ];
    assert_eq!(found, expected.map(|(name, from)| (name.to_owned(), from.to_owned())));
    // The older name of the workspace's variable works, too.
    let elsewhere = home.path().join("elsewhere");
    home.write(&elsewhere.join("a/b/SKILL.md"), "---\nname: far\ndescription: Far.\n---\n");
    for variable in ["OPENPISTA_WORKSPACE", "OPENPISTACRAB_WORKSPACE"] {
        let home = home.clone().env(variable, elsewhere.to_str().unwrap());
        assert!(home.run(["skills", "list"]).ok().out.contains("far "), "{variable}");
    }
}

#[test]
fn a_wrong_one_is_an_error_with_a_line_and_does_not_vanish() {
    let home = Home::new();
    home.write(&home.work().join("bad/SKILL.md"), "---\nname: bad\ndescription: x\ntimeuot: 3\n---\n");
    home.write(&home.work().join("twice/SKILL.md"), "---\nname: twin\ndescription: x\n---\n");
    home.write(&home.work().join("uwice/SKILL.md"), "---\nname: twin\ndescription: x\n---\n");
    let ran = home.run(["skills", "check"]).code(1);
    let ran = ran.complains([
        "bad: SKILL.md:4: unknown key \"timeuot\" (did you mean \"timeout\"?)",
        "uwice",
        "already",
    ]);
    assert!(ran.out.contains("2 are not"), "{}", ran.out);
    home.run(["skills", "show", "bad"]).code(1).complains(["SKILL.md:4"]);
}

#[test]
fn what_leads_out_of_a_skill_is_refused() {
    let home = Home::new();
    skill(&home, "linked", "", "echo hi");
    let folder = home.work().join("skills/linked");
    fs::remove_file(folder.join("run.sh")).unwrap();
    home.write(&home.path().join("secret.sh"), "echo stolen");
    symlink(home.path().join("secret.sh"), folder.join("run.sh")).unwrap();
    home.run(["skills", "check"]).code(1).complains(["run.sh: is a link"]);
    // Nor is a folder followed that is one.
    let outside = home.path().join("outside");
    home.write(&outside.join("SKILL.md"), "---\nname: outside\ndescription: x\n---\n");
    symlink(&outside, home.work().join("door")).unwrap();
    assert!(!home.run(["skills", "list"]).ok().out.contains("outside"));
}

#[test]
fn a_new_one_begins_with_what_works() {
    let home = Home::new();
    home.run(["skills", "new", "log-watch"]).ok();
    home.run(["skills", "check"]).ok();
    home.run(["skills", "new", "log-watch"]).code(1).complains(["log-watch"]);
    for bad in ["../up", "Big", "a b", ""] {
        home.run(["skills", "new", bad]).code(1).complains(["no name of a skill"]);
    }
    trust(&home, "log-watch");
    assert_eq!(
        home.run(["skills", "run", "log-watch", r#"{"text":"x"}"#]).ok().out,
        "arguments: {\"text\":\"x\"}\n"
    );
}
