//! Where the tools of a daemon work, and what is told of a workspace that holds too much.

use crate::support::{
    daemon::Daemon,
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

/// `openpista start` in a directory, without a workspace that tests set.
fn start(home: &Home, directory: &Path) -> Command {
    let mut command = home.command(["start", "--listen", "127.0.0.1:0", "--yes"]);
    command.env_remove("OPENPISTA_WORKSPACE").current_dir(directory);
    command
}

fn writing() -> FakeOpenAi {
    FakeOpenAi::start([
        Reply::calls([("fs_write", json!({"path": "made", "content": "x"}))]),
        Reply::text("ok"),
    ])
}

#[test]
fn it_is_one_of_its_own_wherever_the_daemon_is_started() {
    let home = Home::new();
    for directory in [Path::new("/"), &home.path(), &home.work()] {
        let fake = writing();
        let home = Home::with(&fake);
        let daemon = Daemon::run(&home, start(&home, directory));
        assert_eq!(daemon.ask("go"), "ok");
        let own = home.path().join(".local/share/openpista/workspace");
        assert_eq!(fs::read_to_string(own.join("made")).unwrap(), "x", "{}", directory.display());
        assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o700);
        let said = daemon.stop().ok().err;
        assert!(!said.contains("workspace"), "{said}");
    }
}

#[test]
fn it_is_below_the_directory_for_data_that_is_set() {
    let fake = writing();
    let data = Home::new().work();
    let home = Home::with(&fake).env("XDG_DATA_HOME", data.to_str().unwrap());
    let daemon = Daemon::run(&home, start(&home, Path::new("/")));
    assert_eq!(daemon.ask("go"), "ok");
    daemon.stop().ok();
    assert!(data.join("openpista/workspace/made").exists());
}

#[test]
fn one_that_is_set_counts_and_too_wide_a_one_is_told() {
    for (wide, words) in [("/", "the workspace is /:"), ("~", "your home directory")] {
        let home = Home::new();
        home.init(&format!("pista.setup {{ workspace = '{wide}' }}"));
        let daemon = Daemon::run(&home, start(&home, &home.work()));
        let said = daemon.stop().ok().err;
        assert!(
            said.contains("WARN") && said.contains(words) && said.contains("name a directory below it"),
            "{said}"
        );
        let checked = home.run(["check"]).ok();
        assert!(checked.err.contains(words), "{}", checked.err);
        assert!(home.run(["doctor"]).out.contains(words));
    }
}

#[test]
fn a_prompt_in_the_home_directory_is_warned_and_works() {
    let home = Home::new();
    let around = home.path().parent().unwrap().to_owned();
    for (directory, words) in [
        (home.path(), "the workspace is your home directory"),
        (around, "has your home directory in it"),
        ("/".into(), "the workspace is /:"),
    ] {
        for (args, input) in [(vec!["run", "-e", "hello"], ""), (vec!["repl"], "")] {
            let mut command = home.command(&args);
            command.current_dir(&directory);
            let ran = crate::support::program::Running::start(command, input.as_bytes()).wait().ok();
            assert!(ran.err.contains(words) && ran.err.contains("workspace = "), "{args:?}: {}", ran.err);
        }
        let mut command = home.command(["check"]);
        let checked = command.current_dir(&directory).output().unwrap();
        assert!(String::from_utf8_lossy(&checked.stderr).contains(words));
    }
    assert!(!home.run(["run", "-e", "hello"]).ok().err.contains("workspace"));
}

#[test]
fn one_that_no_tool_could_use_is_told() {
    let home = Home::new().env("XDG_DATA_HOME", Home::new().path().to_str().unwrap());
    let state = home.state();
    fs::create_dir_all(state.join("workspace")).unwrap();
    home.init(&format!("pista.setup {{ workspace = '{}' }}", state.join("workspace").display()));
    let checked = home.run(["check"]).ok();
    assert!(checked.err.contains("which no tool may touch"), "{}", checked.err);
}
