//! Copies of the database: made while it is written to, checked, and put back.

use crate::support::{
    daemon::Daemon,
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, until},
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

const START: [&str; 3] = ["start", "--listen", "127.0.0.1:0"];

fn echo() -> FakeOpenAi {
    FakeOpenAi::answering(|request| Reply::text(format!("You said: {}", request.last_text())))
}

#[test]
fn a_copy_that_is_made_while_the_daemon_writes_is_whole_and_can_be_put_back() {
    let fake = echo();
    let (home, other) = (Home::with(&fake), Home::with(&fake));
    let daemon = Daemon::start(&home);
    let file = home.path().join("copies").join("one.db");
    fs::create_dir(file.parent().unwrap()).unwrap();
    let writes = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if !writes.load(Ordering::Relaxed) {
                    break;
                }
                home.run(["run", "-e", &format!("pelican {number}")]).ok();
            }
        });
        for _ in 0..5 {
            let made = home.run(["backup", "--json", file.to_str().unwrap()]).ok();
            assert!(made.json()[0]["bytes"].as_u64().unwrap() > 4_096, "{made:?}");
        }
        assert!(until(|| daemon.status()["generation"] == 1));
        let made = home.run(["backup", "--json", file.to_str().unwrap()]).ok().json().remove(0);
        writes.store(false, Ordering::Relaxed);
        assert_eq!(made["file"], file.to_str().unwrap());
        let sessions = made["sessions"].as_u64().unwrap();
        // It is one file, for its owner only.
        let names: Vec<_> = fs::read_dir(file.parent().unwrap()).unwrap().flatten().collect();
        assert_eq!(names.len(), 1, "{names:?}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let put = other.run(["restore", "--json", file.to_str().unwrap()]).ok().json().remove(0);
        assert_eq!((&put["sessions"], &put["kept"]), (&sessions.into(), &serde_json::Value::Null));
    });
    daemon.stop().ok();
    let daemon = Daemon::start(&other);
    assert_eq!(daemon.ask("again"), "You said: again");
    daemon.stop().ok();
    assert!(other.run(["sessions", "list"]).ok().out.contains("pelican 0"));
}

#[test]
fn what_was_there_is_kept_and_nothing_is_put_back_under_a_program_that_runs() {
    let fake = echo();
    let home = Home::with(&fake);
    home.run(["run", "-e", "older"]).ok();
    let made = home.run(["backup"]).ok();
    let file = made.out.trim().to_owned();
    assert!(file.starts_with(home.state().join("backups").to_str().unwrap()) && made.err.contains("whole"));
    home.run(["run", "-e", "newer"]).ok();
    let daemon = Daemon::start(&home);
    home.run(["restore", &file]).code(1).complains(["a daemon", &daemon.id().to_string(), "openpista stop"]);
    daemon.stop().ok();
    let put = home.run(["restore", &file]).ok();
    let kept = put.out.lines().find_map(|line| line.strip_prefix("what was there is kept: ")).unwrap();
    let listed = home.run(["sessions", "list"]).ok().out;
    assert!(listed.contains("older") && !listed.contains("newer"), "{listed}");
    // And back.
    home.run(["restore", kept]).ok();
    assert!(home.run(["sessions", "list"]).ok().out.contains("newer"));
}

#[test]
fn what_is_no_copy_is_neither_replaced_nor_put_back() {
    let fake = echo();
    let home = Home::with(&fake);
    let letter = home.write(&home.work().join("letter.txt"), "Dear Ada");
    home.run(["backup", letter.to_str().unwrap()]).code(1).complains(["there is no database"]);
    home.run(["run", "-e", "hello"]).ok();
    home.run(["backup", letter.to_str().unwrap()]).code(1).complains(["letter.txt", "is no backup"]);
    home.run(["backup", home.database().to_str().unwrap()]).code(1).complains(["is the database itself"]);
    home.run(["restore", letter.to_str().unwrap()]).code(1).complains(["letter.txt"]);
    home.run(["restore", "nowhere.db"]).code(1).complains(["there is no such file"]);
    assert_eq!(fs::read_to_string(&letter).unwrap(), "Dear Ada");
    assert!(home.run(["sessions", "list"]).ok().out.contains("hello"));
}

/// All of the database in its own file, none of it in the log.
fn settle(home: &Home) {
    let conn = rusqlite::Connection::open(home.database()).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

/// Overwrites the middle of each page but the first.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    for page in bytes.chunks_mut(4_096).skip(1) {
        page[..2_000].fill(0x5a);
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_database_ends_start_with_the_remedy_and_spoils_no_backup() {
    let fake = echo();
    let home = Home::with(&fake);
    home.run(["run", "-e", "precious"]).ok();
    let file = home.work().join("good.db");
    let file = file.to_str().unwrap();
    home.run(["backup", file]).ok();
    let good = fs::read(file).unwrap();
    settle(&home);
    damage(&home.database());
    home.run(START).code(78).complains(["is damaged", "openpista restore BACKUP"]);
    home.run(["backup", file]).code(1).complains(["damaged"]);
    assert_eq!(fs::read(file).unwrap(), good, "the good copy was touched");
    home.run(["restore", file]).ok();
    let daemon = Daemon::start(&home);
    daemon.stop().ok();
    assert!(home.run(["sessions", "list"]).ok().out.contains("precious"));
}

#[test]
fn copies_that_are_none_end_start() {
    let fake = echo();
    let home = Home::with(&fake);
    home.run(["run", "-e", "hello"]).ok();
    settle(&home);
    let good = fs::read(home.database()).unwrap();
    let mut log = home.database().into_os_string();
    log.push("-wal");
    for (what, bytes) in
        [("cut off", good[..good.len() / 2].to_vec()), ("empty", vec![]), ("text", b"x".repeat(9_000))]
    {
        fs::write(home.database(), bytes).unwrap();
        let ran = home.run(START).code(78);
        assert!(ran.err.contains("restore BACKUP"), "{what}: {ran:?}");
    }
    // The log of another one.
    fs::write(home.database(), &good).unwrap();
    fs::write(&log, b"no log at all".repeat(100)).unwrap();
    home.run(START).code(78).complains(["-wal", "no log"]);
}
