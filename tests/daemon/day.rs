//! A day of nobody: the clock of the daemon runs ahead of ours.

use crate::support::{
    daemon::Daemon,
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, until},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// So many seconds of the daemon's are one of ours.
const FASTER: u64 = 2_000;
/// What passes: a day, and enough for the last hour's job to end.
const PASSES: Duration = Duration::from_secs(86_400 + 1_800);

/// The library that shows a program another clock, where Debian's package puts it.
fn library() -> Option<PathBuf> {
    let found = fs::read_dir("/usr/lib").ok()?.flatten();
    let mut places = found.map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"));
    places.find(|path| path.exists())
}

fn another_clock() -> Option<PathBuf> {
    let found = library();
    let required = std::env::var("OPENPISTA_TEST_REQUIRE").unwrap_or_default();
    let required = required.split(',').any(|word| word == "all" || word == "faketime");
    assert!(found.is_some() || !required || !cfg!(target_os = "linux"), "libfaketime is required here");
    if found.is_none() {
        eprintln!("SKIPPED, needs libfaketime (Debian's package faketime)");
    }
    found
}

fn clock(file: &Path, says: &str) {
    let new = file.with_extension("new");
    fs::write(&new, says).unwrap();
    fs::rename(new, file).unwrap();
}

#[test]
fn a_day_in_which_nobody_speaks_asks_no_model() {
    let Some(library) = another_clock() else { return };
    let fake = FakeOpenAi::start([Reply::text("hi")]);
    let home = Home::with(&fake);
    home.init(
        "pista.agent('main', { prompt = 'be brief' })\n\
         pista.channel('phone', { users = { 'ada' }, start = function() while true do pista.sleep(60) end end, \
         send = function() end })\n\
         pista.cron('hourly', { at = '0 * * * *', tz = 'UTC' }, function() return 'nothing to say' end)\n\
         pista.cron('yearly', { at = '0 0 1 1 *', prompt = 'happy new year' })",
    );
    let file = home.work().join("clock");
    clock(&file, "@2026-03-01 00:30:00");
    let mut command: Command = home.command(["start", "--listen", "127.0.0.1:0"]);
    command
        .env("LD_PRELOAD", library)
        .env("TZ", "UTC")
        .env("FAKETIME_TIMESTAMP_FILE", &file)
        .env("FAKETIME_NO_CACHE", "1");
    let daemon = Daemon::run(&home, command);
    // This is the server that it would ask.
    assert_eq!(daemon.ask("hello"), "hi");
    clock(&file, &format!("@2026-03-01 00:30:00 x{FASTER}"));
    // The passing of time is what is tested; that it did pass, the job of each hour shows.
    let began = Instant::now();
    let hours = || {
        let ran = home.run(["cron", "history", "--json", "--limit", "100", "hourly"]).ok().json();
        ran.iter().filter(|run| run["state"] == "ok").count()
    };
    std::thread::sleep(PASSES / FASTER as u32);
    assert!(until(|| hours() >= 24), "{} jobs of an hour ran in {:?} of ours", hours(), began.elapsed());
    let chats = fake.all_requests().into_iter().filter(|request| request.method == "POST").count();
    assert_eq!(chats, 1, "{:?}", fake.all_requests());
    drop(daemon);
}
