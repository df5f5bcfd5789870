//! A process that does not keep to the protocol: it is killed, and the engine says what it did.

use crate::{rig::Echo, support::program::until};
use openpista::sandbox::lua::{Broken, Done, run};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::{Duration, Instant},
};

/// A stand-in for the worker: a script, which leaves its number in a file.
struct Fake {
    dir: tempfile::TempDir,
}

impl Fake {
    fn new(script: &str) -> (Self, PathBuf) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("worker");
        let text = format!("#!/bin/bash\necho $$ > '{}'\n{script}\n", dir.path().join("pid").display());
        fs::write(&path, text).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        (Self { dir }, path)
    }

    fn is_gone(&self) -> bool {
        let pid = fs::read_to_string(self.dir.path().join("pid")).expect("it ran");
        let pid = pid.trim().parse().expect("a number");
        until(|| !crate::support::program::is_alive(pid))
    }
}

async fn lie(script: &str) -> Result<Done, Broken> {
    let (fake, path) = Fake::new(script);
    let began = Instant::now();
    let ended = run(&path, &crate::rig::start("return 1", 100), &mut Echo::default()).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{script}");
    assert!(fake.is_gone(), "{script}");
    ended
}

#[tokio::test]
async fn silence_and_loops_are_killed() {
    for script in [
        "exec sleep 1000",
        "trap '' TERM HUP INT; while :; do :; done",
        "cat >/dev/null; exec sleep 1000",
        // Half a frame, then nothing.
        "printf '\\0\\0\\0\\7\"'; exec sleep 1000",
        "sleep 1000 & sleep 1000",
    ] {
        let ended = lie(script).await;
        assert!(matches!(ended, Err(Broken::Silent(_))), "{script}: {ended:?}");
    }
}

#[tokio::test]
async fn garbage_is_no_message() {
    for (script, says) in [
        ("printf '\\377\\377\\377\\377'; exec sleep 1000", "more than 1048576 bytes"),
        ("yes", "more than 1048576 bytes"),
        ("printf '\\0\\0\\0\\2[]'; exec sleep 1000", "no sense"),
        ("printf '\\0\\0\\0\\4null'; exec sleep 1000", "no sense"),
        ("printf '\\0\\0\\0\\0'; exec sleep 1000", "no sense"),
        (
            "while printf '\\0\\0\\0\\45{\"call\":{\"name\":\"fs.read\",\"args\":{}}}'; do :; done",
            "more than 200 calls",
        ),
        // As deep as a frame allows.
        ("printf '\\0\\1\\0\\0'; head -c 65536 /dev/zero | tr '\\0' '['; exec sleep 1000", "no sense"),
        ("printf '\\0\\1\\0\\0'; head -c 65536 /dev/urandom; exec sleep 1000", "no sense"),
    ] {
        match lie(script).await {
            Err(Broken::Lied(what)) => assert!(what.contains(says), "{script}: {what}"),
            other => panic!("{script}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_end_in_the_middle_is_told() {
    for (script, says) in [
        ("exit 3", "exit code 3"),
        ("echo 'something broke' >&2; exit 4", "exit code 4: something broke"),
        ("kill -KILL $$", "killed by signal 9"),
        ("kill -XCPU $$", "processor time"),
        ("kill -ABRT $$", "ran out of memory"),
        ("printf '\\0\\0\\0\\45{\"call\":{\"name\":\"fs.read\",\"args\":{}}}'; exit 5", "exit code 5"),
        // Complaints without end are not read to their end.
        ("yes >&2 & exit 6", "exit code 6"),
    ] {
        match lie(script).await {
            Err(Broken::Ended(how)) => assert!(how.contains(says), "{script}: {how}"),
            other => panic!("{script}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_no_worker() {
    let missing = PathBuf::from("/nonexistent/openpista");
    let ended = run(&missing, &crate::rig::start("return 1", 100), &mut Echo::default()).await;
    assert!(matches!(ended, Err(Broken::Start(_))), "{ended:?}");
}
