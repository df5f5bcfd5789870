//! `kill -9` in the midst of turns, again and again in the same home.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, signal},
};
use serde_json::json;
use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    path::Path,
    time::Duration,
};

const KILLS: u64 = 100;
/// How often the database is looked at on the way.
const EVERY: u64 = 10;
/// The latest moment of a kill after the first request, in microseconds.
const LATEST: u64 = 60_000;

/// Numbers that look random, from a seed that is told when something fails.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Keeps the tools busy for ever; says so in words when it is told to end.
fn busy() -> FakeOpenAi {
    let mut count = 0;
    FakeOpenAi::answering(move |request| {
        let asked = request.messages().iter().rev().find(|m| m["role"] == "user");
        let text = asked.and_then(|m| m["content"].as_str()).unwrap_or_default();
        if text.contains("sum up") || request.body.get("tools").is_none() {
            return Reply::text("summed up");
        }
        count += 1;
        let run = |word: &str| ("system_run", json!({"command": format!("echo {word}{count}; sleep 0.002")}));
        Reply::text_and_calls("On it.", [run("a"), run("b"), run("c")])
    })
}

fn integrity(database: &Path) -> String {
    let conn = rusqlite::Connection::open(database).expect("it opens");
    conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a verdict")
}

fn count(database: &Path, sql: &str) -> u64 {
    let conn = rusqlite::Connection::open(database).expect("it opens");
    conn.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number").unsigned_abs()
}

#[test]
fn a_hundred_kills_leave_a_whole_database_and_valid_histories() {
    let seed = RandomState::new().build_hasher().finish();
    let mut random = Random(seed);
    let fake = busy();
    let home = Home::with(&fake).env("OPENPISTA_MAX_TOOL_ROUNDS", "50");
    let database = home.database();
    let mut interrupted = 0;
    for n in 0..KILLS {
        let at = format!("kill {n}, seed {seed:#x}");
        let session = format!("s{}", n / EVERY);
        let before = fake.count();
        let run = home.start(["run", "--yes", "--session", &session, "-e", "work"], "");
        // Now and then while it starts, else once the turn is under way.
        if n % 8 != 7 {
            assert!(fake.saw_requests(before + 1), "{at}");
        }
        std::thread::sleep(Duration::from_micros(random.below(LATEST)));
        signal("KILL", run.id());
        let ran = run.wait();
        assert_eq!(ran.signal, Some(9), "{at}: it ended by itself: {ran:?}");
        if n % EVERY == EVERY - 1 {
            assert_eq!(integrity(&database), "ok", "{at}");
            let open = count(&database, "SELECT count(*) FROM turns WHERE status = 'running'");
            interrupted += open;
            let ran = home.run(["run", "--session", &session, "-e", "sum up"]);
            assert_eq!((ran.code, ran.out.as_str()), (Some(0), "summed up\n"), "{at}: {ran:?}");
            let request = fake.last_request().expect("requests");
            let messages = request.body["messages"].to_string();
            assert!(messages.contains("was interrupted here"), "{at}: no notice");
            let open = count(&database, "SELECT count(*) FROM turns WHERE status = 'running'");
            assert_eq!(open, 0, "{at}: turns are left open");
        }
        assert_eq!(fake.refusals(), [""; 0], "{at}");
    }
    assert!(interrupted > 0, "no kill hit a turn, seed {seed:#x}");
    let notices = "SELECT count(*) FROM messages WHERE role = 'notice' AND content LIKE '%interrupted here%'";
    let marked = count(&database, "SELECT count(*) FROM turns WHERE status = 'interrupted'");
    assert_eq!(count(&database, notices), marked, "each interrupted turn is closed once");
    assert!(marked > KILLS / 2, "only {marked} turns were interrupted, seed {seed:#x}");
    let unanswered = "SELECT count(*) FROM messages, json_each(messages.tool_calls) AS call
        WHERE NOT EXISTS (SELECT 1 FROM messages AS result WHERE result.turn = messages.turn
            AND result.tool_call_id = json_extract(call.value, '$.id'))";
    assert_eq!(count(&database, unanswered), 0);
    let calls = "SELECT count(*) FROM messages, json_each(messages.tool_calls)";
    let results = "SELECT count(*) FROM messages WHERE tool_call_id IS NOT NULL";
    assert_eq!(count(&database, calls), count(&database, results), "each call has exactly one result");
    assert_eq!(integrity(&database), "ok");
    // Nothing of the dead is left lying about.
    let left = std::fs::read_dir(home.state().join("run")).expect("a directory").count();
    assert_eq!(left, 0, "lock files are left");
}
