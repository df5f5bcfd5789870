//! What is removed that a program left behind, and what is not: a lock is the sign of life.

use crate::{
    rig::{IMAGE, Rig, engine, sh},
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, PROGRAM, until},
    },
};
use openpista::{
    instance::{Instance, installation},
    sandbox::{Limits, docker::Docker},
};
use serde_json::json;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// Begins a container with these labels.
fn begin(labels: &[(&str, &str)]) -> String {
    let mut command = Command::new("docker");
    command.args(["run", "-d", "--network", "none"]);
    for (name, value) in labels {
        command.args(["--label", &format!("openpista.{name}={value}")]);
    }
    let output = command.args([IMAGE, "sleep", "600"]).output().expect("it works");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("it works").trim().to_owned()
}

fn there(id: &str) -> bool {
    Command::new("docker").args(["inspect", id]).output().expect("it works").status.success()
}

fn remove(ids: &[&String]) {
    for id in ids {
        Command::new("docker").args(["rm", "-f", id]).output().expect("it works");
    }
}

#[tokio::test]
async fn what_a_dead_program_left_is_swept_and_nothing_else() {
    let Some(rig) = Rig::new() else { return };
    let (owner, later) = (rig.owner(), "99999999999");
    let ours = installation(rig.dir()).unwrap();
    let running = Instance::new(rig.dir().join("run"));
    running.hold().unwrap();
    let left = Instance::new(rig.dir().join("run")).id().to_owned();
    fs::write(rig.dir().join(format!("run/{left}.lock")), "").unwrap();
    let of = |installation: &str, owner: &str, instance: &str, expires: &str| {
        begin(&[
            ("installation", installation),
            ("owner", owner),
            ("instance", instance),
            ("expires", expires),
        ])
    };
    let dead = of(&ours, &owner, &left, later);
    let late = of(&ours, &owner, running.id(), "1");
    let alive = of(&ours, &owner, running.id(), later);
    // Where the state was copied or moved from; its locks are elsewhere.
    let elsewhere = of(&ours, "/somewhere/else", &left, later);
    // Another installation with the same path, as another container has it.
    let theirs = of("01abc", &owner, &left, "1");
    // Of an older version: a number of a process says nothing of it.
    let older = begin(&[("installation", &ours), ("owner", &owner), ("pid", "4194303"), ("expires", later)]);
    assert_eq!(rig.docker.sweep().await.unwrap(), 2);
    assert!(!there(&dead) && !there(&late));
    let stay = [&alive, &elsewhere, &theirs, &older];
    assert!(stay.iter().all(|id| there(id)));
    // A clean end takes the lock's file along: the same as dead.
    drop(running);
    assert_eq!(rig.docker.sweep().await.unwrap(), 1);
    assert!(!there(&alive));
    remove(&stay);
    assert!(until(|| rig.left() == 0));
}

#[tokio::test]
async fn a_program_that_runs_keeps_its_containers_whoever_sweeps() {
    let Some(rig) = Rig::new() else { return };
    let (owner, keep) = (rig.owner(), rig.keep());
    let limits = Limits { timeout: Duration::from_secs(60), ..Limits::default() };
    let container = sh("echo begun; sleep 4; echo done");
    let running = rig.docker.run(&container, &limits, &keep, &|_| ());
    let sweeping = async {
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let other = Docker::new(None, &owner).of(rig.dir());
            assert_eq!(other.sweep().await.unwrap(), 0);
        }
    };
    let (outcome, ()) = tokio::join!(running, sweeping);
    assert_eq!(outcome.unwrap().stdout.text, "begun\ndone\n");
}

/// Two programs that do not see each other's processes.
#[test]
fn programs_in_different_pid_namespaces_leave_each_other_alone() {
    if !engine() || !namespaces() {
        return;
    }
    let fake = FakeOpenAi::answering(|request| match request.messages().last().map(|m| m["role"].clone()) {
        Some(role) if role == "tool" => {
            Reply::text(request.messages().iter().map(|m| m["content"].to_string()).collect::<String>())
        }
        _ if request.last_text().contains("quick") => Reply::calls([
            ("container_run", json!({ "command": "echo quick" })),
            ("worker_spawn", json!({ "command": ["echo", "quick worker"] })),
        ]),
        _ => Reply::calls([
            ("container_run", json!({ "command": "sleep 8; echo slow" })),
            ("worker_spawn", json!({ "command": ["sh", "-c", "sleep 8; echo slow worker"] })),
        ]),
    });
    let home = Home::with(&fake);
    home.init(&format!("pista.sandbox('box', {{ image = '{IMAGE}', memory = '256m' }})"));
    let apart = |text: &str| {
        let plain = home.command(["run", "--yes", "--json", "-e", text]);
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--mount-proc", PROGRAM]).args(plain.get_args());
        command.env_clear().envs(plain.get_envs().filter_map(|(n, v)| Some((n, v?))));
        command.current_dir(home.work()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("unshare")
    };
    let slow = apart("slow");
    let filter = format!("label=openpista.owner={}", home.state().display());
    let count = || {
        let output = Command::new("docker").args(["ps", "-q", "--filter", &filter]).output().expect("docker");
        String::from_utf8_lossy(&output.stdout).lines().count()
    };
    assert!(until(|| count() == 2), "{} containers", count());
    let quick = apart("quick").wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&quick.stdout).into_owned();
    assert!(text.contains("quick worker"), "{text}{}", String::from_utf8_lossy(&quick.stderr));
    let slow = slow.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&slow.stdout).into_owned();
    assert!(text.contains("stdout:\\nslow\"") && text.contains("stdout:\\nslow worker"), "{text}");
    assert!(until(|| count() == 0));
    assert!(!Path::new(&home.state().join("run/workers")).exists() || doors(&home) == 0);
}

fn doors(home: &Home) -> usize {
    let entries = fs::read_dir(home.state().join("run/workers")).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().is_dir()).count()
}

/// Whether PID namespaces can be made here. Skips loudly, or fails where they are required.
fn namespaces() -> bool {
    let made = Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !made {
        let required = std::env::var("OPENPISTA_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|word| word == "namespaces"), "PID namespaces are required here");
        eprintln!("SKIPPED, needs the right to make PID namespaces (unshare --pid)");
    }
    made
}
