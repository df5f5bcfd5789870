//! Opening: new, old, newer and foreign files.

use super::{begin, new_session, open, place, raw, texts};
use openpista::{
    domain::store::{TurnStatus, TurnStore},
    memory::{Memory, MemoryError, OpenOptions},
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use tempfile::TempDir;

const FIRST: &str = include_str!("../../migrations/0001_conversations.sql");

fn try_open(path: &Path) -> Result<Memory, MemoryError> {
    Memory::open(path, OpenOptions::default())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A database as the first version made it, with one message.
fn old_database(dir: &TempDir) {
    let old = raw(dir);
    old.execute_batch(FIRST).unwrap();
    old.execute_batch(
        "PRAGMA user_version = 1; PRAGMA application_id = 0x70697374;
         INSERT INTO sessions VALUES ('s', 'old', 'cli', 'main', '/w', 'hi', 1, 1);
         INSERT INTO turns VALUES ('t', 's', 'done', 'cli', 'ada', 'i', 1, 1, 2);
         INSERT INTO messages (session, turn, role, content, created_ms) VALUES ('s', 't', 'user', 'ancient words', 1);",
    )
    .unwrap();
}

#[tokio::test]
async fn a_new_file_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/b/memory.db");
    let memory = try_open(&path).unwrap();
    let session = memory.create_session(new_session()).await.unwrap().id;
    begin(&memory, &session, "hello").await.unwrap();
    for directory in ["a", "a/b", "a/b/run"] {
        assert_eq!(mode(&dir.path().join(directory)), 0o700, "{directory}");
    }
    for entry in ["a/b", "a/b/run"].iter().flat_map(|d| fs::read_dir(dir.path().join(d)).unwrap()) {
        let path = entry.unwrap().path();
        assert!(path.is_dir() || mode(&path) == 0o600, "{} has mode {:o}", path.display(), mode(&path));
    }
    assert_eq!(memory.path(), path);
}

#[test]
fn many_can_make_the_same_file_at_once() {
    for _ in 0..10 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/memory.db");
        std::thread::scope(|scope| {
            let opening: Vec<_> = (0..8).map(|_| scope.spawn(|| try_open(&path).map(drop))).collect();
            for opened in opening {
                opened.join().unwrap().unwrap();
            }
        });
    }
}

/// How many migrations there are.
fn version() -> i64 {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    fs::read_dir(folder).unwrap().count() as i64
}

fn copy_name() -> String {
    format!("memory.db.before-v{}.bak", version())
}

#[tokio::test]
async fn an_old_file_is_copied_and_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    old_database(&dir);
    let memory = open(&dir);
    assert_eq!(memory.search("ancient", 5).await.unwrap()[0].snippet, "[ancient] words");
    let session = memory.find_session("old").await.unwrap();
    assert_eq!(texts(&memory.messages(&session.id).await.unwrap()), ["ancient words"]);
    let copy = dir.path().join(copy_name());
    assert_eq!(mode(&copy), 0o600);
    let copied = rusqlite::Connection::open(&copy).unwrap();
    let version: i64 = copied.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let text: String = copied.query_row("SELECT content FROM messages", [], |row| row.get(0)).unwrap();
    assert_eq!((version, text.as_str()), (1, "ancient words"));
    assert!(copied.prepare("SELECT * FROM grants").is_err(), "the copy has a newer table");
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{names:?}");
}

#[test]
fn a_copy_is_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    old_database(&dir);
    let copy = dir.path().join(copy_name());
    fs::write(&copy, "precious").unwrap();
    drop(open(&dir));
    assert_eq!(fs::read(&copy).unwrap(), b"precious");
    assert_eq!(
        raw(&dir).query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap(),
        version()
    );
}

#[test]
fn a_new_file_needs_no_copy() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(&dir));
    drop(open(&dir));
    assert!(!dir.path().join(copy_name()).exists());
}

#[test]
fn a_failed_migration_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    old_database(&dir);
    raw(&dir).execute_batch("CREATE TABLE grants (mine)").unwrap();
    let error = try_open(&dir.path().join("memory.db")).unwrap_err();
    assert!(matches!(&error, MemoryError::Migrate { name, .. } if *name == "0004_grants"), "{error}");
    assert!(error.to_string().contains("memory.db") && error.to_string().contains("0004_grants"), "{error}");
    let old = raw(&dir);
    assert_eq!(old.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    assert!(old.prepare("SELECT * FROM messages_fts").is_err());
}

#[test]
fn a_newer_file_is_refused_with_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(&dir));
    raw(&dir).execute_batch("PRAGMA user_version = 99").unwrap();
    let error = try_open(&dir.path().join("memory.db")).unwrap_err();
    assert!(matches!(error, MemoryError::TooNew { found: 99, known, .. } if known == version()), "{error}");
    let text = error.to_string();
    for part in ["memory.db", "99", &version().to_string(), "update openpista"] {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn what_is_no_database_of_ours_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("memory.db");
    let text = "dear diary, ".repeat(1000);
    fs::write(&path, &text).unwrap();
    let error = try_open(&path).unwrap_err();
    assert!(matches!(error, MemoryError::NotADatabase { .. }), "{error}");
    assert!(error.to_string().contains("memory.db"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    for version in [0, 2, 75] {
        fs::remove_file(&path).unwrap();
        raw(&dir)
            .execute_batch(&format!("CREATE TABLE bookmarks (url); PRAGMA user_version = {version}"))
            .unwrap();
        let before = fs::read(&path).unwrap();
        let error = try_open(&path).unwrap_err();
        assert!(matches!(error, MemoryError::NotADatabase { .. }), "version {version}: {error}");
        assert_eq!(fs::read(&path).unwrap(), before, "version {version}");
    }
}

#[test]
fn places_that_cannot_hold_a_file_are_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let below_a_file = try_open(&dir.path().join("file/memory.db")).unwrap_err();
    assert!(below_a_file.to_string().contains("file"), "{below_a_file}");
    let a_directory = try_open(dir.path()).unwrap_err();
    assert!(matches!(a_directory, MemoryError::Open { .. }), "{a_directory}");
    assert!(a_directory.to_string().contains(&*dir.path().to_string_lossy()), "{a_directory}");
    let read_only = try_open(Path::new("/proc/self/memory.db")).unwrap_err();
    assert!(read_only.to_string().contains("/proc/self/memory.db"), "{read_only}");
}

#[test]
fn no_name_has_a_meaning_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    for name in [":memory:", "file:x?mode=memory", "a b'\"%.db", "한국어.db"] {
        drop(try_open(&dir.path().join(name)).unwrap());
        assert!(dir.path().join(name).is_file(), "{name}");
    }
}

#[tokio::test]
async fn reading_alone_needs_no_writer() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    drop(place.memory);
    let held = raw(&place.dir);
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Somebody writes all the time: opening, reading and closing must not wait for that.
    let memory = open(&place.dir);
    assert_eq!(memory.recover().await.unwrap(), []);
    assert_eq!(memory.sessions(5).await.unwrap().len(), 1);
    assert_eq!(memory.context(&session).await.unwrap().len(), 1);
    memory.close().await;
}
