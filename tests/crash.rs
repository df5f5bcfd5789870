//! `kill -9` at any moment: nothing that was acknowledged is lost, and the next program puts the rest
//! in order.

// Clippy's exception for tests leaves their helpers out.
#![allow(clippy::unwrap_used)]

use openpista::{
    domain::{
        JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        envelope::Origin,
        id::{SessionId, TurnId},
        message::{AssistantMessage, Message},
        store::{StoredMessage, TurnStatus, TurnStore},
        usage::Usage,
    },
    memory::{Memory, NewSession, OpenOptions},
};
use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const KILLS: usize = 100;
/// Names the directory to work in, and makes `victim` work.
const VICTIM: &str = "OPENPISTA_TEST_VICTIM";

/// The program that gets killed: answers turn after turn, and says what was acknowledged.
#[test]
fn victim() {
    let Some(dir) = std::env::var_os(VICTIM) else { return };
    // Checkpoints and indexing all the time, so that some are hit.
    let options = OpenOptions {
        log_keep: 1 << 15,
        log_limit: 1 << 18,
        lull: Duration::from_micros(200),
        ..OpenOptions::default()
    };
    let memory = Memory::open(&PathBuf::from(dir).join("memory.db"), options).unwrap();
    runtime().block_on(answer_for_ever(&memory));
}

async fn answer_for_ever(memory: &Memory) {
    let say = |line: String| {
        let mut out = std::io::stdout().lock();
        out.write_all(line.as_bytes()).and_then(|()| out.flush()).unwrap();
    };
    let new = NewSession { channel: "cli".into(), agent: "main".into(), ..NewSession::default() };
    let session = memory.create_session(new).await.unwrap().id;
    say(format!("\nsession {session}\n"));
    let origin = Origin { channel: "cli".into(), user: "ada".into() };
    for n in 0.. {
        let turn = TurnId::generate();
        let text = format!("question-{n}");
        memory.begin_turn(&session, &turn, &origin, &Message::user(&text)).await.unwrap();
        say(format!("stored {text}\n"));
        for round in 0..3 {
            let calls: Vec<_> = (0..3).map(|_| ToolCall::new("system.run", JsonMap::new())).collect();
            let text = format!("round-{n}-{round}");
            let said = AssistantMessage { text: text.clone(), calls: calls.clone(), ..Default::default() };
            memory.append(&session, &turn, Message::Assistant(said)).await.unwrap();
            say(format!("stored {text}\n"));
            if n % 3 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // All at once, as results of parallel calls arrive.
            let stored: Vec<_> = calls
                .iter()
                .enumerate()
                .map(|(i, call)| {
                    let text = format!("result-{n}-{round}-{i} {}", "output ".repeat(100 * i));
                    let result = ToolResult::new(call, ToolStatus::Ok, &text);
                    (memory.append(&session, &turn, Message::Tool(result)), text)
                })
                .collect();
            for (stored, text) in stored {
                stored.await.unwrap();
                say(format!("stored {text}\n"));
            }
            memory.spend(&session, &turn, "main", "p/m", Usage::default()).await.unwrap();
        }
        memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
        say(format!("ended {turn}\n"));
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut chance = Chance::new();
    let (mut interrupted, mut acknowledged) = (0, 0);
    for n in 0..KILLS {
        // Now and then the very first moments of a new file.
        let (fresh, early) = (tempfile::tempdir().unwrap(), n % 10 == 9);
        let place = if early { fresh.path() } else { dir.path() };
        let said = run_and_kill(place, early, &mut chance);
        let context = format!("kill {n}, seed {:#x}", chance.seed);
        interrupted += usize::from(check(place, &said, n % 2 == 0, &context));
        acknowledged += said.stored.len();
    }
    // Else the kills did not hit what they should.
    assert!(interrupted >= KILLS / 4, "only {interrupted} turns were interrupted");
    assert!(acknowledged >= KILLS * 5, "only {acknowledged} messages were acknowledged");
    check_search(dir.path());
    check_locks(dir.path());
}

/// What a victim said before it died.
#[derive(Default)]
struct Said {
    session: Option<SessionId>,
    stored: Vec<String>,
    ended: HashSet<String>,
}

fn run_and_kill(dir: &Path, early: bool, chance: &mut Chance) -> Said {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["victim", "--exact", "--nocapture", "--test-threads=1"])
        .env(VICTIM, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut said = Said::default();
    let mut line = String::new();
    while !early && said.session.is_none() && output.read_line(&mut line).unwrap() > 0 {
        said.hear(&std::mem::take(&mut line));
    }
    let listening = std::thread::spawn(move || {
        while output.read_line(&mut line).unwrap() > 0 {
            said.hear(&std::mem::take(&mut line));
        }
        said
    });
    std::thread::sleep(Duration::from_micros(chance.below(60_000)));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "it ended by itself");
    listening.join().unwrap()
}

impl Said {
    fn hear(&mut self, line: &str) {
        // The last line may be torn.
        match line.strip_suffix('\n').and_then(|line| line.split_once(' ')) {
            Some(("session", id)) => self.session = Some(id.into()),
            Some(("stored", text)) => self.stored.push(text.to_owned()),
            Some(("ended", turn)) => drop(self.ended.insert(turn.to_owned())),
            _ => {}
        }
    }
}

/// Checks what a killed program left; says whether it was in the middle of a turn.
fn check(dir: &Path, said: &Said, recover: bool, context: &str) -> bool {
    let path = dir.join("memory.db");
    let memory = Memory::open(&path, OpenOptions::default()).unwrap_or_else(|e| panic!("{context}: {e}"));
    let raw = rusqlite::Connection::open(&path).unwrap();
    let verdict: String = raw.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok", "{context}");
    let open = turns(&raw, "running");
    let session = said.session.clone().or_else(|| open.first().map(|(session, _)| session.clone()));
    let Some(session) = session else {
        assert_eq!(open, [], "{context}");
        return false;
    };
    runtime().block_on(async {
        if recover {
            assert_eq!(memory.recover().await.unwrap(), open, "{context}");
        } else {
            // The next question in the same session finds it, too.
            let (origin, turn) = (Origin { channel: "cli".into(), user: "ada".into() }, TurnId::generate());
            memory.begin_turn(&session, &turn, &origin, &Message::user("again")).await.unwrap();
            memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
        }
        assert_eq!(memory.recover().await.unwrap(), [], "{context}");
        let stored = memory.messages(&session).await.unwrap();
        assert_stored(&stored, said, context);
        for (_, turn) in &open {
            let of_turn: Vec<_> = stored.iter().filter(|message| message.turn == *turn).collect();
            let notices = of_turn.iter().filter(|m| matches!(m.message, Message::Notice { .. })).count();
            assert_eq!(notices, 1, "{context}");
            assert!(matches!(of_turn.last().unwrap().message, Message::Notice { .. }), "{context}");
        }
        // As stored it is in order already, so the model reads just that.
        assert_valid(&stored, context);
        assert_eq!(memory.context(&session).await.unwrap(), stored, "{context}");
    });
    assert_eq!(turns(&raw, "running"), [], "{context}");
    let interrupted = turns(&raw, "interrupted");
    assert!(open.iter().all(|turn| interrupted.contains(turn)), "{context}");
    assert!(interrupted.iter().all(|(_, turn)| !said.ended.contains(turn.as_str())), "{context}");
    !open.is_empty()
}

/// All that was said to be stored is there, in that order, and at most one commit more.
fn assert_stored(stored: &[StoredMessage], said: &Said, context: &str) {
    let mut texts = stored.iter().map(|message| message.message.text());
    for text in &said.stored {
        assert!(texts.any(|stored| stored == text), "{context}: {text:?} is lost, or out of order");
    }
    let made_up = texts.filter(|text| text.starts_with("question") || text.starts_with("round")).count();
    assert!(made_up <= 2, "{context}: {made_up} steps more than were acknowledged");
}

fn assert_valid(messages: &[StoredMessage], context: &str) {
    let mut open = HashSet::new();
    for stored in messages {
        match &stored.message {
            Message::Tool(result) => {
                assert!(open.remove(&result.call_id), "{context}: a result without a call: {stored:?}");
            }
            other => {
                assert!(open.is_empty(), "{context}: {open:?} without result before {stored:?}");
                if let Message::Assistant(said) = other {
                    open.extend(said.calls.iter().map(|call| call.id.clone()));
                }
            }
        }
    }
    assert!(open.is_empty(), "{context}: {open:?} without result");
}

fn check_search(dir: &Path) {
    let memory = Memory::open(&dir.join("memory.db"), OpenOptions::default()).unwrap();
    let found = runtime().block_on(memory.search("question-0", 1000)).unwrap();
    assert!(found.len() > KILLS / 2, "{} found", found.len());
    rusqlite::Connection::open(dir.join("memory.db"))
        .unwrap()
        .execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)", [])
        .unwrap();
}

/// The first turn of a program clears away what dead ones left, those that died between turns too.
fn check_locks(dir: &Path) {
    let memory = Memory::open(&dir.join("memory.db"), OpenOptions::default()).unwrap();
    let (origin, turn) = (Origin { channel: "cli".into(), user: "ada".into() }, TurnId::generate());
    runtime().block_on(async {
        let session = memory.latest_session("cli").await.unwrap().unwrap().id;
        memory.begin_turn(&session, &turn, &origin, &Message::user("last")).await.unwrap();
    });
    assert_eq!(std::fs::read_dir(dir.join("run")).unwrap().count(), 1);
    drop(memory);
    assert_eq!(std::fs::read_dir(dir.join("run")).unwrap().count(), 0);
}

fn turns(raw: &rusqlite::Connection, status: &str) -> Vec<(SessionId, TurnId)> {
    let mut statement = raw.prepare("SELECT session, id FROM turns WHERE status = ?1").unwrap();
    let rows = statement.query_map([status], |row| {
        Ok((SessionId::from(row.get::<_, String>(0)?), TurnId::from(row.get::<_, String>(1)?)))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// Random numbers with a seed that can be told.
struct Chance {
    seed: u64,
    state: u64,
}

impl Chance {
    fn new() -> Self {
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        Self { seed, state: seed }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % limit
    }
}
