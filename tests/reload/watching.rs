//! The watcher by itself.

use openpista::watch::{Contents, Watcher, read};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::time::timeout;

/// Short, and longer than the machine needs to tell of an event.
const SETTLE: Duration = Duration::from_millis(20);
/// Catches hangs only.
const PATIENCE: Duration = Duration::from_secs(30);

fn now(paths: &[&Path]) -> Contents {
    paths.iter().map(|path| (path.to_path_buf(), read(path))).collect()
}

fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, text).expect("written");
    path
}

#[tokio::test]
async fn a_change_between_reading_and_watching_is_seen() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = file(&dir, "a", "1");
    let known = now(&[&path]);
    fs::write(&path, "2").expect("written");
    timeout(PATIENCE, Watcher::new(SETTLE, known).changed()).await.expect("a change");
}

#[tokio::test]
async fn what_is_known_is_no_change() {
    let dir = tempfile::tempdir().expect("a directory");
    let (one, two) = (file(&dir, "one", "1"), file(&dir, "two", "1"));
    let mut watcher = Watcher::new(SETTLE, now(&[&one, &two]));
    fs::write(&one, "2").expect("written");
    watcher.know(now(&[&one, &two]));
    // Written with what was in it, and a file that is not watched: neither ends the waiting.
    fs::write(&two, "1").expect("written");
    file(&dir, "three", "1");
    assert!(timeout(SETTLE * 20, watcher.changed()).await.is_err());
    fs::write(&two, "2").expect("written");
    timeout(PATIENCE, watcher.changed()).await.expect("a change");
}

#[tokio::test]
async fn a_file_that_is_written_all_the_time_is_looked_at_all_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = file(&dir, "a", "");
    let mut watcher = Watcher::new(SETTLE, now(&[&path]));
    let stop = Arc::new(AtomicBool::new(false));
    let writing = {
        let stop = stop.clone();
        thread::spawn(move || {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                fs::write(&path, number.to_string()).expect("written");
                thread::sleep(SETTLE / 10);
            }
        })
    };
    let changed = timeout(PATIENCE, watcher.changed()).await;
    stop.store(true, Ordering::Relaxed);
    writing.join().expect("no panic");
    changed.expect("a change");
}

#[tokio::test]
async fn many_saves_at_once_are_one_change() {
    let dir = tempfile::tempdir().expect("a directory");
    let paths: Vec<PathBuf> = (0..20).map(|n| file(&dir, &n.to_string(), "1")).collect();
    let all: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    // Long enough for the machine to write them all.
    let mut watcher = Watcher::new(Duration::from_millis(500), now(&all));
    let (first, others) = paths.split_first().expect("some");
    fs::write(first, "2").expect("written");
    let others = others.to_vec();
    let saving = thread::spawn(move || others.iter().for_each(|path| fs::write(path, "2").expect("written")));
    timeout(PATIENCE, watcher.changed()).await.expect("a change");
    saving.join().expect("no panic");
    assert!(paths.iter().all(|path| read(path).as_deref() == Some(b"2")));
    watcher.know(now(&all));
    assert!(timeout(SETTLE * 10, watcher.changed()).await.is_err());
}

#[tokio::test]
async fn nothing_at_all_is_there_at_first() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("a/b/c.lua");
    let mut watcher = Watcher::new(SETTLE, now(&[&path]));
    for text in ["1", "2"] {
        let (path, text) = (path.clone(), text.to_owned());
        let saving = thread::spawn(move || {
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            fs::write(&path, text).expect("written");
        });
        timeout(PATIENCE, watcher.changed()).await.expect("a change");
        saving.join().expect("no panic");
        fs::remove_dir_all(dir.path().join("a")).expect("removed");
        watcher.know([(dir.path().join("a/b/c.lua"), None)].into());
    }
}
