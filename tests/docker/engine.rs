//! What a container may, how it ends, and that it is gone afterwards.

use crate::rig::{IMAGE, Rig, limits, sh};
use openpista::sandbox::{
    Exit, Limits,
    docker::{Container, Docker, DockerError, Mount},
};
use std::{fs, time::Duration};

#[tokio::test]
async fn exit_codes_and_both_streams_come_back() {
    let Some(rig) = Rig::new() else { return };
    let outcome = rig.sh("echo out; echo err >&2; exit 7").await;
    assert_eq!((outcome.exit, outcome.stdout.text.as_str()), (Exit::Failed(7), "out\n"));
    assert_eq!(outcome.stderr.text, "err\n");
    let outcome = rig.run(&Container::new(IMAGE, vec!["true".into()]), &Limits::default()).await.unwrap();
    assert_eq!((outcome.exit, outcome.out_of_memory), (Exit::Done, false));
    let mut container = sh("cat");
    container.stdin = Some("from outside".into());
    let outcome = rig.run(&container, &Limits::default()).await.unwrap();
    assert_eq!(outcome.stdout.text, "from outside");
    assert_eq!(rig.left(), 0);
}

#[tokio::test]
async fn much_output_is_cut_and_none_is_lost_before() {
    let Some(rig) = Rig::new() else { return };
    let outcome = rig.sh("head -c 2000000 /dev/zero; echo; echo END; exit 3").await;
    assert_eq!((outcome.exit, outcome.stdout.bytes), (Exit::Failed(3), 2_000_005));
    assert!(outcome.stdout.text.ends_with("END\n") && outcome.stdout.left_out > 1_900_000);
}

#[tokio::test]
async fn time_and_memory_end_and_are_told_apart() {
    let Some(rig) = Rig::new() else { return };
    let outcome = rig.run(&sh("echo begun; sleep 600"), &limits(700)).await.unwrap();
    assert_eq!((outcome.exit, outcome.stdout.text.as_str()), (Exit::TimedOut, "begun\n"));
    let small = Limits { memory_bytes: Some(32 << 20), ..limits(60_000) };
    // The whole of it is filled: the shell itself is what the engine kills.
    let outcome =
        rig.run(&sh("echo begun; exec dd if=/dev/zero of=/dev/null bs=200M count=1"), &small).await.unwrap();
    assert_eq!((outcome.exit, outcome.out_of_memory), (Exit::OutOfMemory, true), "{outcome:?}");
    assert_eq!(outcome.stdout.text, "begun\n");
    assert_eq!(rig.left(), 0);
}

#[tokio::test]
async fn by_default_it_may_nothing() {
    let Some(rig) = Rig::new() else { return };
    let workspace = rig.dir().join("work");
    fs::create_dir(&workspace).unwrap();
    fs::write(workspace.join("note"), "hello").unwrap();
    let mut container = sh(
        "id -u; cat note; touch note2 2>&1; touch /x 2>&1; touch /tmp/ok && echo tmp; grep -E '^(CapEff|NoNewPrivs)' \
         /proc/self/status; ls /sys/class/net; wget -T 2 -O - http://169.254.169.254/ 2>/dev/null || echo no way out",
    );
    container.mounts.push(Mount { host: workspace.clone(), guest: "/workspace".into(), writable: false });
    let outcome = rig.run(&container, &limits(30_000)).await.unwrap();
    let text = outcome.stdout.text;
    let has = |part: &str| assert!(text.contains(part), "{part:?} is not in {text}");
    for part in ["65534\nhello", "note2: Read-only", "/x: Read-only", "tmp\n", "lo\n", "no way out"] {
        has(part);
    }
    assert!(text.contains("CapEff:\t0000000000000000") && text.contains("NoNewPrivs:\t1"), "{text}");
    assert!(!text.contains("eth0") && !workspace.join("note2").exists());
}

#[tokio::test]
async fn processes_are_limited() {
    let Some(rig) = Rig::new() else { return };
    let mut container = sh("i=0; while [ $i -lt 200 ]; do sleep 5 & i=$((i+1)); done; echo all");
    container.pids = 32;
    let outcome = rig.run(&container, &limits(30_000)).await.unwrap();
    assert!(
        outcome.stderr.text.contains("can't fork") && !outcome.stdout.text.contains("all"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn what_cannot_start_is_told_and_leaves_nothing() {
    let Some(rig) = Rig::new() else { return };
    let error =
        rig.run(&Container::new(IMAGE, vec!["no-such".into()]), &Limits::default()).await.unwrap_err();
    assert!(matches!(&error, DockerError::Start(why) if why.contains("no-such")), "{error}");
    let error =
        rig.run(&Container::new("no.such.host/image:1", vec![]), &Limits::default()).await.unwrap_err();
    assert!(matches!(&error, DockerError::Image { .. }), "{error}");
    assert_eq!(rig.left(), 0);
    let nowhere = Docker::new(Some("unix:///nowhere/docker.sock"), "x");
    let error = nowhere.version().await.unwrap_err().to_string();
    assert!(error.contains("/nowhere/docker.sock") && error.contains("DOCKER_HOST"), "{error}");
}

#[tokio::test]
async fn dropping_the_run_kills_the_container() {
    let Some(rig) = Rig::new() else { return };
    let cut = tokio::time::timeout(Duration::from_secs(2), rig.run(&sh("sleep 600"), &limits(600_000))).await;
    assert!(cut.is_err());
    for _ in 0..100 {
        if rig.left() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it is still there");
}
