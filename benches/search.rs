//! Searching many messages, beside what FTS5 takes for the newest of them alone; and lists of many
//! conversations. `cargo bench --bench search`, with `MESSAGES=750000` by default.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use openpista::memory::{COMPARED, Memory, OpenOptions};
use rusqlite::{Connection, params};
use std::{path::Path, time::Instant};
use support::{median, ms};

const SESSIONS: usize = 50_000;
const WORDS: usize = 60_000;
const RUNS: usize = 5;

fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let messages = std::env::var("MESSAGES").ok().and_then(|n| n.parse().ok()).unwrap_or(750_000);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("memory.db");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let began = Instant::now();
    let memory = Memory::open(&path, OpenOptions::default()).unwrap();
    runtime.block_on(memory.create_session(openpista::memory::NewSession::default())).unwrap();
    fill(&path, messages);
    println!(
        "{messages} messages in {SESSIONS} conversations: made in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    let raw = Connection::open(&path).unwrap();
    for query in [word(0), word(20), word(1_000), format!("{} {}", word(1), word(2)), "nosuchword".into()] {
        let search = || runtime.block_on(memory.search(&query, 20)).unwrap().len();
        let (count, ours) = timed(search);
        let (_, floor) = timed(|| newest(&raw, &query));
        println!("{query:?}: {ours:.1} ms for {count}; FTS5 bare, the newest {COMPARED}: {floor:.1} ms");
    }
    for (what, channel) in [("of all", None), ("of one channel", Some("rare"))] {
        let (count, ours) = timed(|| {
            runtime
                .block_on(async {
                    match channel {
                        None => memory.sessions(50).await,
                        Some(channel) => memory.sessions_on(channel, 50).await,
                    }
                })
                .unwrap()
                .len()
        });
        println!("list {what}: {ours:.1} ms for {count}");
    }
    runtime.block_on(memory.close());
}

/// The result, and the middle of some runs in milliseconds.
fn timed<T>(run: impl Fn() -> T) -> (T, f64) {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            run();
            ms(began.elapsed())
        })
        .collect();
    (run(), median(&mut times))
}

fn newest(raw: &Connection, query: &str) -> usize {
    let sql = "SELECT rowid FROM messages_fts WHERE messages_fts MATCH ?1 ORDER BY rowid DESC LIMIT ?2";
    let mut statement = raw.prepare(sql).unwrap();
    let rows = statement.query_map(params![query, COMPARED as i64], |row| row.get::<_, i64>(0)).unwrap();
    rows.count()
}

/// The words of a language in which the first is the most common.
fn word(n: usize) -> String {
    let mut n = n;
    let mut word = String::new();
    loop {
        word.push(char::from(b"bcdfghklmnprst"[n % 14]));
        word.push(char::from(b"aeiou"[n / 14 % 5]));
        n /= 70;
        if n == 0 {
            return word;
        }
    }
}

struct Chance(u64);

impl Chance {
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The n-th word comes n times less often than the first.
    fn word(&mut self) -> String {
        word(((WORDS as f64).powf(self.share()) - 1.0) as usize)
    }
}

fn fill(path: &Path, messages: usize) {
    let mut chance = Chance(7);
    let mut raw = Connection::open(path).unwrap();
    raw.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let transaction = raw.transaction().unwrap();
    {
        let sql = "INSERT INTO sessions (id, channel, agent, workspace, created_ms, touched_ms)
            VALUES (?1, ?2, 'main', '/', ?3, ?3)";
        let mut session = transaction.prepare(sql).unwrap();
        for n in 0..SESSIONS {
            let channel = if n == 7 { "rare" } else { "cli" };
            session.execute(params![format!("{n:026}"), channel, n as i64]).unwrap();
        }
        let sql = "INSERT INTO messages (session, turn, role, content, created_ms) VALUES (?1, 't', 'user', ?2, ?3)";
        let mut message = transaction.prepare(sql).unwrap();
        for n in 0..messages {
            let length = 10 + (chance.share() * 50.0) as usize;
            let text: Vec<String> = (0..length).map(|_| chance.word()).collect();
            let session = n * SESSIONS / messages;
            message.execute(params![format!("{session:026}"), text.join(" "), n as i64]).unwrap();
        }
    }
    transaction.commit().unwrap();
    raw.execute_batch(
        "INSERT INTO messages_fts (rowid, content) SELECT id, content FROM messages;
        UPDATE messages_indexed SET upto = (SELECT max(id) FROM messages)",
    )
    .unwrap();
}
