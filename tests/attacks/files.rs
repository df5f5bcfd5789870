//! Ways out of the workspace, and to what decides what the program does.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::symlink, path::Path};

/// Writes to each path as the model would; returns what came back for each.
fn write_to(home: Home, paths: &[String]) -> Vec<String> {
    let calls: Vec<(&str, Value)> =
        paths.iter().map(|path| ("fs_write", json!({"path": path, "content": "owned"}))).collect();
    let fake = FakeOpenAi::start([Reply::calls(calls), Reply::text("done")]);
    let home = home
        .env("OPENPISTA_BASE_URL", fake.url())
        .env("OPENPISTA_MODEL", "fake-model")
        .env("OPENPISTA_LOCAL_SERVERS", "[]");
    home.run(["run", "--yes", "-e", "write"]).ok();
    let requests = fake.requests();
    let results = requests[1].messages().iter().filter(|m| m["role"] == "tool");
    results.map(|m| m["content"].as_str().expect("text").to_owned()).collect()
}

/// Whether a result says that a file was written.
fn is_written(result: &str) -> bool {
    result.starts_with("created") || result.starts_with("replaced")
}

/// All files beneath a directory that hold what the model writes.
fn owned(dir: &Path) -> Vec<String> {
    let mut found = vec![];
    let mut todo = vec![dir.to_owned()];
    while let Some(dir) = todo.pop() {
        for path in fs::read_dir(&dir).expect("a directory").map(|entry| entry.expect("an entry").path()) {
            match path.symlink_metadata() {
                Ok(m) if m.is_dir() => todo.push(path),
                Ok(m) if m.is_file() && fs::read(&path).is_ok_and(|text| text == b"owned") => {
                    found.push(path.display().to_string());
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn no_path_leads_out_of_the_workspace() {
    let home = Home::new();
    let (outside, work) = (home.path(), home.work());
    symlink(&outside, work.join("dir")).expect("a link");
    symlink(outside.join("new"), work.join("dangling")).expect("a link");
    symlink("..", work.join("up")).expect("a link");
    symlink("up/home/x", work.join("chain")).expect("a link");
    let out = outside.display();
    let paths: Vec<String> = [
        "../x",
        "../home/x",
        "./../home/x",
        "a/../../home/x",
        "dir/x",
        "dangling",
        "up/home/x",
        "chain",
        "dir/../x",
        "dir/./.bashrc",
        "/etc/openpista-test",
        "~/x/../../../home/x",
        "//etc/x",
        "up/../x",
        "/proc/self/cwd/../x",
        "/dev/shm/../../tmp/openpista-x",
        "..\u{0}/x",
        "x\u{0}",
        "\u{2025}/x/../../x",
        "",
    ]
    .iter()
    .map(|path| (*path).to_owned())
    .chain([format!("{out}/x"), format!("{}/../home/x", work.display()), format!("{}2/x", work.display())])
    .collect();
    let root = outside.parent().expect("a parent").to_owned();
    let before = owned(&root);
    let results = write_to(home.clone(), &paths);
    assert_eq!(results.len(), paths.len());
    for (path, result) in paths.iter().zip(&results) {
        assert!(!is_written(result) || path.starts_with('~'), "{path:?}: {result}");
    }
    let inside = work.display().to_string();
    let escaped: Vec<_> = owned(&root).into_iter().filter(|path| !path.starts_with(&inside)).collect();
    assert_eq!((before, escaped), (vec![], vec![]));
}

#[test]
fn what_decides_is_not_written_by_any_name() {
    let home = Home::new();
    let init = home.init("-- mine");
    let toml = home.toml("# mine");
    let database = home.state().join("openpista.db");
    // The workspace is the home, as it is for many.
    let work = home.path();
    symlink(home.config(), work.join("conf")).expect("a link");
    symlink(&init, work.join("innocent.txt")).expect("a link");
    fs::hard_link(&init, work.join("hard.txt")).expect("a link");
    fs::hard_link(&toml, work.join("hard.toml")).expect("a link");
    let paths: Vec<String> = [
        ".config/openpista/init.lua",
        ".config/openpista/config.toml",
        ".config/openpista/lua/x.lua",
        "conf/init.lua",
        "conf/new.lua",
        "innocent.txt",
        "hard.txt",
        "hard.toml",
        ".CONFIG/openpista/init.lua",
        ".local/state/openpista/openpista.db",
        ".local/state/openpista/openpista.db-wal",
        ".local/state/openpista/x",
        ".config/openpista/../openpista/init.lua",
        ".config//openpista/./init.lua",
        ".ssh/authorized_keys",
        ".env",
        ".git/hooks/pre-commit",
        ".netrc",
    ]
    .iter()
    .map(|path| (*path).to_owned())
    .chain([init.display().to_string(), database.display().to_string()])
    .collect();
    let again = home.clone().env("OPENPISTA_WORKSPACE", work.display().to_string());
    let results = write_to(again, &paths);
    for (path, result) in paths.iter().zip(&results) {
        // Another case is another directory here.
        assert!(!is_written(result) || path.starts_with(".CONFIG"), "{path:?}: {result}");
    }
    assert_eq!(fs::read_to_string(init).expect("there"), "-- mine");
    assert_eq!(fs::read_to_string(toml).expect("there"), "# mine");
    let written = owned(&work);
    assert!(written.iter().all(|path| path.contains(".CONFIG")), "{written:?}");
}

#[test]
fn a_home_behind_a_link_is_protected_all_the_same() {
    let home = Home::new();
    home.init("-- mine");
    let link = home.path().parent().expect("a parent").join("alias");
    symlink(home.path(), &link).expect("a link");
    for (as_home, as_work) in [(&link, home.path()), (&home.path(), link.clone()), (&link, link.clone())] {
        let again = home
            .clone()
            .env("HOME", as_home.display().to_string())
            .env("OPENPISTA_WORKSPACE", as_work.display().to_string());
        let results =
            write_to(again, &[".config/openpista/init.lua".into(), ".local/state/openpista/x".into()]);
        assert!(results.iter().all(|result| !is_written(result)), "{results:?}");
        assert_eq!(fs::read_to_string(home.config().join("init.lua")).expect("there"), "-- mine");
    }
}

#[test]
fn modules_of_a_configuration_elsewhere_are_not_written() {
    for directory in ["conf", "."] {
        let home = Home::new();
        let base = home.work().join(directory);
        let init = home.write(&base.join("init.lua"), "require 'rules'");
        home.write(&base.join("rules.lua"), "-- mine");
        let again = home.clone().env("OPENPISTA_CONFIG", init.display().to_string());
        let paths = ["rules.lua", "lua/rules.lua", "init.lua"].map(|name| format!("{directory}/{name}"));
        let results = write_to(again, &paths);
        assert!(results.iter().all(|result| result.contains("protected")), "{results:?}");
        assert!(owned(&home.work()).is_empty());
    }
}

#[test]
fn a_database_that_anybody_can_change_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let fake = FakeOpenAi::answering(|_| Reply::text("hi"));
    let home = Home::with(&fake);
    assert_eq!(home.say("hi").ok().err, "");
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    mode(&home.database(), 0o666);
    home.say("hi").ok().complains(["openpista.db", "anybody on this machine can change it", "chmod o-w"]);
    mode(&home.database(), 0o600);
    mode(&home.state(), 0o777);
    home.say("hi").ok().complains(["anybody on this machine can change it"]);
}
