//! `kill -9` at any moment: nothing is lost, nothing is answered twice without saying so.
//!
//! What is promised, and asserted:
//! - each message ends in one answer, or in one notice that it was interrupted;
//! - Telegram cannot tell a repetition from a new message. So what was being sent when the program died
//!   is sent again with a remark that it may have arrived; nothing is doubled without that remark;
//! - in each chat, answers are in the order of the messages.

use crate::{
    bot,
    markdown::Random,
    said,
    support::{
        daemon::Daemon,
        fake_openai::{FakeOpenAi, Reply},
        fake_telegram::{FakeTelegram, TOKEN},
        program::{Home, until},
    },
};
use serde_json::json;
use std::{
    collections::BTreeSet,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const MESSAGES: usize = 300;
const CHATS: i64 = 10;
const KILLS: usize = 100;
const FIRST: i64 = 5_000;
const INTERRUPTED: &str = "This was interrupted";
const AGAIN: &str = "(Sent again after an interruption: it may have arrived before.)\n";

fn start(home: &Home) -> Child {
    let mut command = home.command(["start"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("it starts")
}

fn kill(mut child: Child) {
    child.kill().expect("killed");
    child.wait().expect("a status");
}

/// What the database says is not done.
fn open(home: &Home) -> i64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let Ok(db) = rusqlite::Connection::open_with_flags(home.database(), flags) else { return i64::MAX };
    let count = "SELECT (SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending'))
        + (SELECT count(*) FROM inbox WHERE state IN ('new', 'answering'))";
    db.query_row(count, [], |row| row.get(0)).unwrap_or(i64::MAX)
}

#[test]
fn three_hundred_messages_survive_a_hundred_kills() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_nanos() as u64 | 1
    });
    eprintln!("SEED={seed}");
    let mut random = Random(seed);
    let mut delays = Random(seed ^ 0xabcd);
    let model = FakeOpenAi::answering(move |request| {
        let delay = Duration::from_millis(delays.below(40) as u64);
        Reply::text(format!("Answer to {}.", said(request))).delay(delay)
    });
    let telegram = FakeTelegram::start();
    let users: Vec<i64> = (FIRST..FIRST + CHATS).collect();
    for user in &users {
        telegram.chat(json!({"id": user, "type": "private", "first_name": format!("U{user}")}));
    }
    let home = Home::with(&model).env("BOT_TOKEN", TOKEN);
    let list = users.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    home.init(&format!(
        "pista.setup {{ listen = false }}\n{}",
        bot(&telegram, "typing = false, gather = 0")
            .replace("users = { 100 }", &format!("users = {{ {list} }}"))
    ));
    let mut asked: Vec<Vec<usize>> = vec![vec![]; users.len()];
    let mut next = 0;
    let mut say = |random: &mut Random, many: usize| {
        for _ in 0..many.min(MESSAGES - next) {
            let chat = random.below(CHATS as u64);
            telegram.says(users[chat], &format!("m{next}"));
            asked[chat].push(next);
            next += 1;
        }
    };
    // How long it takes until a message is answered tells which moments are worth a kill.
    say(&mut random, 3);
    let began = Instant::now();
    let child = start(&home);
    assert!(until(|| users.iter().any(|user| !telegram.texts(*user).is_empty())), "nothing is answered");
    let whole = began.elapsed();
    kill(child);
    for _ in 1..KILLS {
        say(&mut random, 3);
        let child = start(&home);
        // Not for something: a moment is what is wanted.
        thread::sleep(whole * (30 + random.below(110) as u32) / 100);
        let one_more = usize::from(random.below(4) == 0);
        say(&mut random, one_more);
        kill(child);
    }
    say(&mut random, MESSAGES);
    let daemon = Daemon::start(&Home::clone(&home).env("OPENPISTA_LISTEN", "127.0.0.1:0"));
    let done = (0..6).any(|_| until(|| telegram.unconfirmed() == 0 && open(&home) == 0));
    assert!(done, "{} updates and {} messages are not done", telegram.unconfirmed(), open(&home));
    daemon.stop().ok();
    let (mut answered, mut interrupted, mut repeated, mut doubled) = (0, 0, 0, 0);
    for (user, asked) in users.iter().zip(&asked) {
        let texts = telegram.texts(*user);
        let (again, once): (Vec<&String>, Vec<&String>) =
            texts.iter().partition(|text| text.starts_with(AGAIN));
        let number = |text: &str| -> Option<usize> {
            text.trim_start_matches(AGAIN).strip_prefix("Answer to m")?.strip_suffix('.')?.parse().ok()
        };
        let unmarked: Vec<usize> = once.iter().filter_map(|text| number(text)).collect();
        let distinct: BTreeSet<usize> = unmarked.iter().copied().collect();
        assert_eq!(unmarked.len(), distinct.len(), "doubled without saying so: {texts:#?}");
        let mut first = vec![];
        for answer in texts.iter().filter_map(|text| number(text)) {
            if !first.contains(&answer) {
                first.push(answer);
            }
        }
        assert!(first.is_sorted(), "out of order: {first:?}");
        assert!(first.iter().all(|answer| asked.contains(answer)), "not asked here: {first:?}");
        let notices = |list: &[&String]| list.iter().filter(|text| text.contains(INTERRUPTED)).count();
        let without = asked.len() - first.len();
        assert!(
            notices(&once) <= without && without <= notices(&once) + notices(&again),
            "{} messages, {} answers: {texts:#?}",
            asked.len(),
            first.len()
        );
        assert!(texts.iter().all(|text| number(text).is_some() || text.contains(INTERRUPTED)), "{texts:#?}");
        answered += first.len();
        interrupted += without;
        repeated += again.len();
        doubled += again.iter().filter_map(|text| number(text)).filter(|n| distinct.contains(n)).count();
    }
    eprintln!(
        "{answered} answered, {interrupted} interrupted, {repeated} sent with the remark, {doubled} answers of them twice"
    );
    assert_eq!(answered + interrupted, MESSAGES);
    // Else the kills came too early, or too late, to prove anything.
    assert!(answered > MESSAGES / 10 && interrupted > MESSAGES / 20, "{answered} answered");
    assert_eq!(telegram.refusals().iter().filter(|text| !text.contains("Conflict")).count(), 0);
}
