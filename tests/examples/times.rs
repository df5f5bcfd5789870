//! Examples that run at times.

use crate::{
    example,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, Piped, until},
    },
};
use std::{fs, io::Write};

#[test]
fn new_errors_in_a_log_are_told_once() {
    let fake = FakeOpenAi::answering(|_| Reply::text("The disk may be failing."));
    let home = Home::with(&fake).env("LOG_EVERY", "1s");
    let log = home.write(&home.work().join("app.log"), "all is well\nERROR one\n");
    let repl = Piped::start(home.command(["--config", &example("log_watcher.lua"), "repl"]));
    assert!(until(|| repl.err().contains("1 new errors in app.log")), "{}", repl.err());
    assert!(until(|| repl.err().contains("The disk may be failing.")));
    let mut file = fs::OpenOptions::new().append(true).open(log).expect("the log");
    writeln!(file, "fine\nerror two\nerror three").expect("written");
    assert!(until(|| repl.err().contains("2 new errors in app.log")), "{}", repl.err());
    assert_eq!(repl.err().matches("ERROR one").count(), 1, "{}", repl.err());
    repl.end();
}

#[test]
fn the_digest_comes_when_it_is_asked_for() {
    let fake = FakeOpenAi::answering(|_| Reply::text("One new file: notes.txt."));
    let home = Home::with(&fake);
    let config = example("daily_digest.lua");
    let list = home.run(["--config", &config, "cron", "list"]).ok().out;
    assert!(list.contains("digest") && list.contains("Europe/Berlin"), "{list}");
    home.write(&home.work().join("notes.txt"), "");
    let ran = home.run(["--config", &config, "cron", "run", "digest"]).ok();
    assert!(ran.out.contains("One new file: notes.txt."), "{ran:?}");
    let request = fake.last_request().expect("a request");
    assert!(request.last_text().contains("./notes.txt") && request.body.get("tools").is_none());
    let history = home.run(["--config", &config, "cron", "history", "digest"]).ok().out;
    assert!(history.contains("ok"), "{history}");
}

#[test]
fn the_alarm_sounds_once_and_the_command_tells_the_figures() {
    let home = Home::new().env("DISK_LIMIT", "0").env("DISK_EVERY", "1s");
    let mut repl = Piped::start(home.command(["--config", &example("disk_alarm.lua"), "repl"]));
    assert!(until(|| repl.err().contains("Disk alarm: ")), "{}", repl.err());
    repl.line("/disk");
    assert!(until(|| repl.out().contains(" %  /")), "{}", repl.out());
    // It runs on, and is silent while nothing changes.
    let history =
        || home.run(["--config", &example("disk_alarm.lua"), "cron", "history", "disk-alarm"]).ok().out;
    assert!(until(|| history().lines().filter(|line| line.contains("ok")).count() >= 3));
    assert_eq!(repl.err().matches("Disk alarm: ").count(), 1, "{}", repl.err());
    repl.end();
}
