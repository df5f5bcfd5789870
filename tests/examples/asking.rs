//! Examples in which somebody is asked.

use crate::{
    example,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, until},
        terminal::Terminal,
    },
};
use serde_json::json;
use std::{fs, process::Command};

#[test]
fn backups_are_made_after_a_yes_and_old_ones_go() {
    let calls = || Reply::call("backup", json!({"directory": "notes"}));
    let fake = FakeOpenAi::answering(move |request| {
        let last = request.messages().last().expect("a message");
        if last["role"] == "user" { calls() } else { Reply::text(request.last_text()) }
    });
    let home = Home::with(&fake);
    home.write(&home.work().join("notes/a.txt"), "precious");
    for n in 0..6 {
        // Older than what is made now.
        let old = home.write(&home.work().join(format!("backups/notes-2020010{n}T000000.tar.gz")), "old");
        Command::new("touch").args(["-d", &format!("2020-01-0{}", n + 1)]).arg(old).status().expect("touch");
    }
    let config = example("backup_with_approval.lua");
    // Nobody can be asked: nothing happens, and even --yes does not answer for a person.
    for args in
        [&["--config", &config, "run", "-e", "go"][..], &["--config", &config, "run", "--yes", "-e", "go"]]
    {
        assert!(home.run(args).ok().out.contains("denied"), "{args:?}");
    }
    let mut terminal = Terminal::start(home.command(["--config", &config, "run", "-e", "go"]));
    terminal.sees("backup");
    terminal.line("y");
    terminal.sees("made backups/notes-2");
    drop(terminal);
    let made: Vec<String> = fs::read_dir(home.work().join("backups"))
        .expect("backups")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(made.len(), 5, "{made:?}");
    let new = made.iter().find(|name| !name.contains("2020")).expect("a new one");
    let list =
        Command::new("tar").arg("-tzf").arg(home.work().join("backups").join(new)).output().expect("tar");
    assert!(String::from_utf8_lossy(&list.stdout).contains("notes/a.txt"));
    let request = fake.last_request().expect("a request");
    assert!(!request.messages().iter().any(|m| m["content"].as_str().is_some_and(|c| c.contains("escape"))));
}

#[test]
fn git_looks_unasked_and_commits_after_a_yes() {
    let fake = FakeOpenAi::answering(|request| {
        let results = request.messages().iter().filter(|m| m["role"] == "tool").count();
        match results {
            0 => Reply::calls([("git_status", json!({})), ("git_diff", json!({}))]),
            2 => Reply::call("git_commit", json!({"message": "Water the plants"})),
            _ => Reply::text("committed"),
        }
    });
    let home = Home::with(&fake);
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@b.c"])
            .args(args)
            .current_dir(home.work())
            .env("HOME", home.path())
            .output()
            .expect("git");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    git(&["init", "-q", "-b", "garden"]);
    git(&["config", "user.name", "A"]);
    git(&["config", "user.email", "a@b.c"]);
    home.write(&home.work().join("plants.txt"), "dry\n");
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "Begin"]);
    home.write(&home.work().join("plants.txt"), "watered\n");
    let config = example("git_helper.lua");
    home.run(["--config", &config, "run", "--yes", "-e", "commit what I did"]).ok();
    assert_eq!(git(&["log", "-1", "--format=%s"]), "Water the plants\n");
    let first = &fake.requests()[0];
    let system = first.messages()[0]["content"].as_str().expect("a prompt");
    assert!(system.contains("on the branch garden"), "{system}");
    assert!(!first.body["tools"].to_string().contains("system_run"));
    let second = fake.requests()[1].clone();
    let results: Vec<&str> = second
        .messages()
        .iter()
        .filter(|m| m["role"] == "tool")
        .filter_map(|m| m["content"].as_str())
        .collect();
    assert!(results[0].contains("plants.txt") && results[1].contains("+watered"), "{results:?}");
    // Without a yes there is no commit.
    home.write(&home.work().join("plants.txt"), "wet\n");
    home.run(["--config", &config, "run", "-e", "commit what I did"]).ok();
    assert_eq!(git(&["log", "-1", "--format=%s"]), "Water the plants\n");
}

#[test]
fn another_person_decides() {
    let fake = FakeOpenAi::answering(|request| {
        match request.messages().last().expect("a message")["role"].as_str() {
            Some("tool") => Reply::text(request.last_text()),
            _ => Reply::call("system_run", json!({"argv": ["touch", "made"]})),
        }
    });
    let home = Home::with(&fake);
    home.write(&home.work().join("inbox.txt"), "");
    let config = example("guard_asks_another.lua");
    let mut repl = crate::support::program::Piped::start(home.command(["--config", &config, "repl"]));
    repl.line("make it");
    let outbox = home.work().join("outbox.txt");
    let said = || fs::read_to_string(&outbox).unwrap_or_default();
    assert!(until(|| said().contains("touch")), "nobody was asked: {}", said());
    assert!(!home.work().join("made").exists());
    // Somebody else's yes counts for nothing.
    let mut lines = "mallory yes\n".to_owned();
    fs::write(home.work().join("inbox.txt"), &lines).expect("written");
    lines += "grace yes\n";
    fs::write(home.work().join("inbox.txt"), &lines).expect("written");
    assert!(until(|| home.work().join("made").exists()), "grace's yes was not heard: {}", said());
    repl.end();
}

#[test]
fn a_configuration_tests_itself() {
    let home = Home::new();
    let ran = home.run(["--config", &example("self_test/init.lua"), "test"]).ok();
    assert!(ran.out.contains("4 passed, 0 failed"), "{}", ran.out);
}
