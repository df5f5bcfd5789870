//! Where skills are found, and what is wrong with some.

use crate::{skill, support::program::Home, trust};
use std::{fs, os::unix::fs::symlink};

#[test]
fn they_are_found_in_the_workspace_beside_init_lua_and_in_the_program() {
    let home = Home::new();
    home.init("return");
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
    home.write(&home.work().join("bad/SKILL.md"), "---\nname: bad\n\ntimeuot: 3\n---\n");
    home.write(&home.work().join("twice/SKILL.md"), "---\nname: twin\ndescription: x\n---\n");
    home.write(&home.work().join("uwice/SKILL.md"), "---\nname: twin\ndescription: y\n---\n");
    // The same skill in two places is no problem.
    home.write(&home.work().join("vwice/SKILL.md"), "---\nname: twin\ndescription: x\n---\n");
    let ran = home.run(["skills", "check"]).code(1);
    let ran = ran.complains([
        "bad: SKILL.md:1: `description` is missing",
        "bad: SKILL.md:4: unknown key \"timeuot\": did you mean \"timeout\"?",
        "uwice",
        "already",
    ]);
    assert!(ran.out.contains("2 are not") && !ran.err.contains("vwice"), "{}{}", ran.out, ran.err);
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
    let outside = ["run.sh: is a link to ", "outside of the skill: put a copy of the file there"];
    home.run(["skills", "check"]).code(1).complains(outside);
    // By way of a directory, too.
    fs::remove_file(folder.join("run.sh")).unwrap();
    symlink(home.path(), folder.join("lib")).unwrap();
    home.run(["skills", "check"]).code(1).complains(["lib: is a link to "]);
    fs::remove_file(folder.join("lib")).unwrap();
    // What stays in the skill is part of it, and of what is trusted.
    home.write(&folder.join("scripts/real.sh"), "echo one");
    symlink("scripts/real.sh", folder.join("run.sh")).unwrap();
    trust(&home, "linked");
    assert_eq!(home.run(["skills", "run", "linked"]).ok().out, "one\n");
    home.write(&folder.join("scripts/real.sh"), "echo two");
    home.run(["skills", "run", "linked"]).code(1);
    home.write(&folder.join("scripts/real.sh"), "echo one");
    home.write(&folder.join("scripts/other.sh"), "echo three");
    trust(&home, "linked");
    fs::remove_file(folder.join("run.sh")).unwrap();
    symlink("scripts/other.sh", folder.join("run.sh")).unwrap();
    home.run(["skills", "run", "linked"]).code(1);
}

#[test]
fn links_and_the_directories_of_other_programs_are_looked_into_and_loops_end() {
    let home = Home::new();
    let work = home.work();
    let write = |path: &str, name: &str| {
        home.write(
            &home.path().join(path).join("SKILL.md"),
            &format!("---\nname: {name}\ndescription: {name}.\n---\nx\n"),
        );
    };
    let link = |to: &str, at: &std::path::Path| {
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(to, at).unwrap();
    };
    write("real/a", "a");
    write("real/more/b", "b");
    link(&home.path().join("real/a").display().to_string(), &work.join("skills/a"));
    link(&home.path().join("real/more").display().to_string(), &work.join("skills/more"));
    for (folder, name) in
        [(".agents/skills/c", "c"), (".claude/skills/d", "d"), ("packages/x/.codex/skills/e", "e")]
    {
        write(&format!("../work/{folder}"), name);
    }
    // The same skill by another way, as programs that install skills leave it.
    link("../../.agents/skills/c", &work.join(".claude/skills/c"));
    link("../packages", &work.join(".cursor/skills"));
    // Of the user.
    write(".agents/skills/f", "f");
    write(".claude/skills/g", "g");
    // Loops, and what leads nowhere.
    link("..", &work.join("skills/up"));
    link("loop", &work.join("skills/loop"));
    link("../../nowhere", &work.join(".claude/skills/gone"));
    // The manifest itself is a link: its content counts.
    home.write(&home.path().join("one.md"), "---\nname: h\ndescription: h.\n---\nx\n");
    link(&home.path().join("one.md").display().to_string(), &work.join("skills/h/SKILL.md"));
    let ran = home.run(["skills", "list", "--json"]).ok();
    let listed = ran.json();
    let found: Vec<(&str, &str)> =
        listed.iter().map(|s| (s["name"].as_str().unwrap(), s["from"].as_str().unwrap())).collect();
    for name in ["a", "b", "c", "d", "e", "h"] {
        assert!(found.contains(&(name, "workspace")), "{name}: {found:?}");
    }
    for name in ["f", "g"] {
        assert!(found.contains(&(name, "user")), "{name}: {found:?}");
    }
    assert_eq!(found.len(), 8 + 2, "{found:?}");
    let checked = home.run(["skills", "check"]).code(1);
    let checked = checked.complains([".claude/skills/gone: is a link to ../../nowhere, which is not there"]);
    assert!(!checked.err.contains("already"), "{}", checked.err);
    trust(&home, "a");
    trust(&home, "h");
    home.write(&home.path().join("one.md"), "---\nname: h\ndescription: h.\n---\ny\n");
    home.write(&home.path().join("real/a/new.txt"), "new");
    let listed = home.run(["skills", "list"]).ok().out;
    let changed = |name: &str| listed.lines().any(|line| line.starts_with(name) && line.contains("changed"));
    assert!(changed("a ") && changed("h "), "{listed}");
}

#[test]
fn what_there_is_too_much_of_is_told() {
    let home = Home::new();
    for directory in 0..21 {
        let folder = home.work().join(format!("data-{directory}"));
        fs::create_dir_all(&folder).unwrap();
        for file in 0..1_000 {
            fs::write(folder.join(file.to_string()), "").unwrap();
        }
    }
    home.run(["skills", "check"]).code(1).complains(["skills further down are not found"]);
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
