//! Panics at each point of the daemon: nothing stays stuck, and it is told.

use crate::{
    echo, home, shows,
    support::{
        daemon::Daemon,
        fake_telegram::{ADA, FakeTelegram},
        program::until,
    },
};

/// Starts a daemon that panics at a point, twice; a message comes before and one after. What each chat shows in
/// the end, and the tasks that failed.
fn panics_at(point: &str, expected: &[&str], task: &str) {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "gather = 0").env("OPENPISTA_PANIC_AT", format!("{point}:2"));
    let daemon = Daemon::start(&home);
    for text in ["one", "two", "three"] {
        telegram.says(ADA, text);
    }
    shows(&telegram, ADA, expected);
    let status = daemon.status();
    let failed = status["tasks"].as_array().expect("tasks").iter().find(|failed| failed["task"] == task);
    let failed = failed.unwrap_or_else(|| panic!("{task} is not in {}", status["tasks"]));
    assert_eq!(failed["failures"], 2, "{failed}");
    assert_eq!(failed["error"], format!("chaos at {point}"));
    let shown = home.run(["status"]).ok().out;
    assert!(shown.contains(&format!("{task}: panicked 2 time(s)")), "{shown}");
    daemon.stop().ok();
}

const BROKE_DOWN: &str = "error: the answer broke down (a fault of the program; its log says where)";

#[test]
fn where_messages_are_dispatched() {
    panics_at("router", &[BROKE_DOWN, BROKE_DOWN, "You said: three"], "router");
}

#[test]
fn where_messages_are_stored() {
    let word = "Your message was not taken: a fault of the program (its log says where).";
    panics_at("receive", &[word, "You said: two", "You said: three"], "receive");
}

#[test]
fn where_devices_are_accepted() {
    panics_at("quic", &["You said: one", "You said: two", "You said: three"], "quic");
}

#[test]
fn in_the_loop_that_delivers() {
    panics_at("delivery-loop", &["You said: one", "You said: two", "You said: three"], "delivery:telegram");
}

#[test]
fn where_a_message_is_delivered() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "").env("OPENPISTA_PANIC_AT", "delivery:2");
    let daemon = Daemon::start(&home);
    telegram.says(ADA, "one");
    // Twice, so it is set aside, and the next ones go out.
    let word =
        "A message to you could not be delivered (a fault of the program); openpista outbox list shows it.";
    shows(&telegram, ADA, &[word]);
    telegram.says(ADA, "two");
    shows(&telegram, ADA, &[word, "You said: two"]);
    let listed = home.run(["outbox", "list", "--json"]).ok().json();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["text"], "You said: one");
    assert!(listed[0]["error"].as_str().is_some_and(|why| why.contains("chaos at delivery")), "{listed:?}");
    let id = listed[0]["id"].to_string();
    let shown = home.run(["outbox", "list"]).ok().out;
    assert!(shown.contains("chaos at delivery") && shown.contains("You said: one"), "{shown}");
    home.run(["outbox", "retry", &id]).ok();
    // The daemon looks for what another program has written every 30 s; this waits 20 s at most.
    let _ = until(|| telegram.sent(ADA).len() == 3);
    shows(&telegram, ADA, &[word, "You said: two", "You said: one"]);
    home.run(["outbox", "drop", &id]).code(1).complains(["no such message"]);
    daemon.stop().ok();
}

/// The message over which it breaks is told of, and those behind it are answered.
fn breaks_over_one(point: &str, more: &str) {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, more).env("OPENPISTA_PANIC_AT", format!("{point}:2"));
    let daemon = Daemon::start(&home);
    telegram.says(ADA, "one");
    let word = "A message of yours could not be read here (a fault of the program).";
    shows(&telegram, ADA, &[word]);
    telegram.says(ADA, "two");
    shows(&telegram, ADA, &[word, "You said: two"]);
    let status = daemon.status();
    assert_eq!(status["channels"]["telegram"]["up"], true);
    assert_eq!(status["tasks"][0]["task"], "channel:telegram");
    assert_eq!(status["dropped"]["telegram"]["a message that the program breaks over"], 1, "{status}");
    let doctor = home.run(["doctor"]);
    assert!(doctor.out.contains("its task channel:telegram panicked 2 time(s)"), "{doctor:?}");
    assert!(doctor.out.contains("telegram: 1 x a message that the program breaks over"), "{doctor:?}");
    daemon.stop().ok();
}

#[test]
fn where_messages_are_polled() {
    breaks_over_one("poll", "gather = 0");
}

#[test]
fn where_what_was_gathered_is_handed_on() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "gather = 0.3").env("OPENPISTA_PANIC_AT", "gather:2");
    let daemon = Daemon::start(&home);
    telegram.says(ADA, "look at this:");
    let word = "A message of yours could not be read here (a fault of the program).";
    shows(&telegram, ADA, &[word]);
    telegram.says(ADA, "look at that:");
    shows(&telegram, ADA, &[word, "You said: look at that:"]);
    daemon.stop().ok();
}

#[test]
fn in_a_command() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "").env("OPENPISTA_PANIC_AT", "commands:1");
    let daemon = Daemon::start(&home);
    telegram.says(ADA, "/status");
    shows(&telegram, ADA, &[BROKE_DOWN]);
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &[BROKE_DOWN, "You said: hello"]);
    daemon.stop().ok();
}

#[test]
fn in_the_thread_that_writes() {
    // What was being written is written again.
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "").env("OPENPISTA_PANIC_AT", "writer:1");
    let daemon = Daemon::start(&home);
    telegram.says(ADA, "one");
    shows(&telegram, ADA, &["You said: one"]);
    telegram.says(ADA, "two");
    shows(&telegram, ADA, &["You said: one", "You said: two"]);
    daemon.stop().ok();
}

#[test]
fn in_a_reload() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "").env("OPENPISTA_PANIC_AT", "reload:1,watch:1");
    let daemon = Daemon::start(&home);
    // The watcher panics and starts again; the next save panics in the reload; the one after that counts.
    let text = std::fs::read_to_string(home.config().join("init.lua")).expect("a file");
    let n = std::cell::Cell::new(0);
    let told = until(|| {
        n.set(n.get() + 1);
        let command =
            format!("pista.command('c{}', {{ help = 'x' }}, function() return 'there' end)", n.get());
        home.init(&format!("{text}\n{command}"));
        std::thread::sleep(std::time::Duration::from_millis(700));
        daemon.status()["generation"].as_u64().is_some_and(|generation| generation > 1)
    });
    assert!(told, "{}", daemon.status());
    let status = daemon.status();
    assert_eq!(status["tasks"].as_array().map(Vec::len), Some(1), "{status}");
    assert_eq!(status["tasks"][0]["task"], "reload");
    assert_eq!(status["tasks"][0]["failures"], 2, "{status}");
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    daemon.stop().ok();
}

#[test]
fn the_thread_of_the_script() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "").env("OPENPISTA_PANIC_AT", "lua-thread:1:30");
    let hook = "pista.hook('reply', function(reply) return reply.text .. '!' end)
        pista.on('task.failed', function(failure) pista.kv.set('failed', failure.task) end)";
    let text = std::fs::read_to_string(home.config().join("init.lua")).expect("a file");
    home.init(&format!("{text}\n{hook}"));
    let daemon = Daemon::start(&home);
    // It dies of one of these.
    let restarted = until(|| {
        home.run(["eval", "--attach", "return 1"]);
        daemon.status()["generation"].as_u64() == Some(2)
    });
    assert!(restarted, "{}", daemon.status());
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello!"]);
    assert_eq!(daemon.status()["tasks"][0]["task"], "lua");
    daemon.stop().ok();
}

#[test]
fn in_a_job() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "").env("OPENPISTA_PANIC_AT", "job:2,cron:2");
    let job = format!(
        "pista.cron('tick', {{ every = '1s', to = 'telegram:{ADA}' }}, function() return 'tick' end)"
    );
    let text = std::fs::read_to_string(home.config().join("init.lua")).expect("a file");
    home.init(&format!("{text}\n{job}"));
    let daemon = Daemon::start(&home);
    let aside = || home.run(["jobs", "list", "--json"]).ok().json()[0]["set_aside"].as_str().is_some();
    assert!(until(aside), "{}", daemon.status());
    let shown = home.run(["jobs", "list"]).ok().out;
    assert!(shown.contains("set aside: a fault of the program: chaos at job"), "{shown}");
    home.run(["jobs", "retry", "tick"]).ok();
    shows_at_least(&telegram, "tick");
    let tasks = daemon.status()["tasks"].clone();
    let names: Vec<_> = tasks.as_array().expect("tasks").iter().map(|task| task["task"].clone()).collect();
    assert_eq!(names, ["cron", "job:tick"], "{tasks}");
    home.run(["jobs", "retry", "tick"]).code(1).complains(["not set aside"]);
    daemon.stop().ok();
}

fn shows_at_least(telegram: &FakeTelegram, text: &str) {
    assert!(
        telegram.awaits(ADA, |shown| shown.iter().any(|shown| shown == text)),
        "{:?}",
        telegram.texts(ADA)
    );
}

/// Wherever in the course of a message two panics in a row hit a piece of writing, it is stored in the end.
#[test]
fn twice_at_one_piece_of_writing() {
    std::thread::scope(|scope| {
        for after in 0..14 {
            scope.spawn(move || {
                let (model, telegram) = (echo(), FakeTelegram::start());
                let point = format!("writer:2:{after}");
                let home = home(&model, &telegram, "gather = 0").env("OPENPISTA_PANIC_AT", point);
                let daemon = Daemon::start(&home);
                let mut expected = vec![];
                for text in ["one", "two", "three"] {
                    telegram.says(ADA, text);
                    expected.push(format!("You said: {text}"));
                    let words: Vec<&str> = expected.iter().map(String::as_str).collect();
                    shows(&telegram, ADA, &words);
                    // What was set aside is tried again after 0.5 s.
                    std::thread::sleep(std::time::Duration::from_secs(2));
                }
                let tasks = daemon.status()["tasks"].clone();
                assert_eq!(tasks[0]["task"], "writer", "{after}: {tasks}");
                assert_eq!(tasks[0]["failures"], 2, "{after}: {tasks}");
                daemon.stop().ok();
            });
        }
    });
}
