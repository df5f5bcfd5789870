//! The database is locked, or the disk is full, while a message is answered: at each of the transactions that
//! this takes, one after the other. What could not be stored is stored later, in order.

use crate::{
    Place,
    support::fake_openai::{FakeOpenAi, Reply},
    until,
};
use openpista::{domain::plan::Steer, health::chaos};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

const INIT: &str = "pista.agent('main', { tools = { allow = { { 'system.run', argv = { 'true' } } } } })";

/// Longer than the program waits for a lock.
const LOCKED: Duration = Duration::from_millis(5_400);
/// How long the disk stays full.
const FULL: Duration = Duration::from_millis(700);

/// A model that first calls a tool, for messages that say so.
fn model() -> FakeOpenAi {
    FakeOpenAi::answering(|request| {
        let messages = request.body["messages"].as_array().cloned().unwrap_or_default();
        let last = messages.last().cloned().unwrap_or_default();
        match last["role"].as_str() {
            Some("tool") => Reply::text("It worked."),
            _ if request.last_text().ends_with("first") => {
                Reply::call("system_run", json!({ "argv": ["true"] }))
            }
            _ => Reply::text("Again."),
        }
    })
}

/// Counts the transactions of a database, and breaks it at the given one.
fn break_at(path: &Path, nth: u32, mut act: impl FnMut() + Send + 'static) -> Arc<AtomicU32> {
    let passed = Arc::new(AtomicU32::new(0));
    let count = passed.clone();
    chaos::watch_commits(path, move || {
        if count.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            act();
        }
    });
    passed
}

fn lock(path: PathBuf) {
    let (held, wait) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let conn = rusqlite::Connection::open(path).expect("the database");
        conn.busy_timeout(Duration::from_secs(60)).expect("a time-out");
        conn.execute_batch("BEGIN IMMEDIATE").expect("the lock");
        held.send(()).expect("somebody waits");
        thread::sleep(LOCKED);
        conn.execute_batch("ROLLBACK").expect("the end of the lock");
    });
    wait.recv().expect("locked");
}

/// Fills the file system that `directory` is on, for a time.
fn fill(directory: &Path) {
    let filler = directory.join("filler");
    let file = fs::File::create(&filler).expect("a file");
    let mut size = 1_u64 << 20;
    // To the last page, whatever is free.
    while size >= 4_096 {
        let more = file.metadata().expect("its size").len() + size;
        if rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, more).is_err() {
            size /= 2;
        }
    }
    thread::spawn(move || {
        thread::sleep(FULL);
        fs::remove_file(filler).expect("removed");
    });
}

/// A channel hands in again what could not be stored.
async fn hand_in(place: &Place, id: &str, text: &str) {
    while let Err(error) = place.hand_in(id, "c", text).await {
        assert!(error.passes(), "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Two messages of one conversation, the first of which meets the outage: each has one answer, no turn stays
/// open, and nothing waits in memory in the end.
async fn two_messages(place: &Place) {
    hand_in(place, "m1", "first").await;
    hand_in(place, "m2", "second").await;
    let answered = || place.sent().len() == 2;
    let end = std::time::Instant::now() + Duration::from_secs(90);
    while !answered() && std::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let sent = place.sent();
    assert_eq!(sent.len(), 2, "{sent:?}");
    for text in &sent {
        let whole = text == "c: It worked." || text == "c: Again.";
        assert!(whole || text.contains("error: database"), "{sent:?}");
    }
    until(|| place.app.memory().outage().is_none(), "the outage is over").await;
    place.settles().await;
    let database = rusqlite::Connection::open(place.app.memory().path()).expect("a database");
    let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, u32>(0)).expect("a count");
    assert_eq!(count("SELECT count(*) FROM turns WHERE status = 'running'"), 0);
    assert_eq!(count("SELECT count(*) FROM inbox WHERE state IN ('new', 'answering')"), 0);
    let unanswered = "SELECT count(*) FROM messages AS m WHERE tool_calls IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM messages AS r WHERE r.turn = m.turn AND r.tool_call_id IS NOT NULL)";
    assert_eq!(count(unanswered), 0, "a call without a result");
    // And the conversation goes on.
    hand_in(place, "m3", "third").await;
    until(|| place.sent().len() == 3, "the conversation goes on").await;
    assert_eq!(place.sent()[2], "c: Again.");
}

/// Each transaction of two messages is locked out, each in an engine of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_at_each_transaction() {
    let fake = model();
    let mut nth = 0;
    loop {
        let mut reached = true;
        // Eight at a time: what they wait for is the lock.
        let places = (0..8).map(|n| {
            let (fake, nth) = (&fake, nth + n + 1);
            async move {
                let place = Place::start_with(fake, INIT, None, Steer::Wait).await;
                let path = place.app.memory().path().to_owned();
                let locked = path.clone();
                let passed = break_at(&path, nth, move || lock(locked.clone()));
                two_messages(&place).await;
                passed.load(Ordering::SeqCst) > nth
            }
        });
        for met in futures_util::future::join_all(places).await {
            reached &= met;
        }
        nth += 8;
        if !reached || nth > 40 {
            break;
        }
    }
    assert!(nth >= 8, "no transaction was locked out");
}

/// A file system of its own, full at each transaction of two messages.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_at_each_transaction() {
    let mount = tempfile::tempdir().expect("a directory");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
        .arg(mount.path())
        .output()
        .is_ok_and(|done| done.status.success());
    if !mounted {
        let required = std::env::var("OPENPISTA_TEST_REQUIRE").unwrap_or_default();
        assert!(required != "all", "a file system cannot be mounted here");
        eprintln!("SKIPPED: a file system cannot be mounted here, so the disk is never full");
        return;
    }
    let fake = model();
    let mut met = 0;
    for nth in 1..=16 {
        let place = {
            let database = mount.path().join(format!("n{nth}/memory.db"));
            Place::start_with(&fake, INIT, Some(&database), Steer::Wait).await
        };
        let path = place.app.memory().path().to_owned();
        let directory = mount.path().to_owned();
        let passed = break_at(&path, nth, move || fill(&directory));
        two_messages(&place).await;
        met += u32::from(passed.load(Ordering::SeqCst) >= nth);
        until(|| !mount.path().join("filler").exists(), "the disk is free again").await;
        place.app.close().await;
        fs::remove_dir_all(mount.path().join(format!("n{nth}"))).expect("removed");
    }
    assert!(met >= 10, "the disk was full at {met} transactions only");
    assert!(Command::new("umount").arg("-l").arg(mount.path()).status().expect("umount").success());
}
