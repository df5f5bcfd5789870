//! Two programs and one bot: one of them runs it.

use super::{ADA, FakeTelegram, TOKEN, bot, echo, home, shows, start};
use crate::support::{
    program::{Home, until},
    terminal::Terminal,
};
use serde_json::Value;

/// Waits until the channel of a daemon is told of like this.
#[track_caller]
fn fares(daemon: &super::Daemon, condition: impl Fn(&Value) -> bool) {
    let there = || condition(&daemon.status()["channels"]["telegram"]);
    assert!(until(there), "{}", daemon.status());
}

#[test]
fn of_two_state_directories_one_runs_it_and_then_the_other() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let (one, two) = (home(&model, &telegram, ""), home(&model, &telegram, ""));
    assert_ne!(one.state(), two.state());
    let first = start(&one);
    fares(&first, |channel| channel["up"] == true);
    let second = start(&two);
    let holder = format!("process {} runs it already", first.id());
    fares(&second, |channel| {
        channel["up"] == false && channel["last_error"].as_str().is_some_and(|why| why.contains(&holder))
    });
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    assert_eq!(telegram.conflicts(), 0, "two polled");
    // `doctor` tells it without polling.
    let told = two.run(["doctor", "--json"]).out;
    assert!(told.contains(&format!("process {} runs it", first.id())), "{told}");
    first.stop().ok();
    fares(&second, |channel| channel["up"] == true);
    telegram.says(ADA, "again");
    shows(&telegram, ADA, &["You said: hello", "You said: again"]);
    let ended = second.stop().ok();
    assert!(ended.err.contains(&holder), "it is in the log: {}", ended.err);
}

/// A job that leaves a file with the name of the program that it ran in.
const JOB: &str = "pista.cron('tick', { every = 1, missed = 'once' }, function() \
    pista.fs.write('tick-' .. pista.env('WHO'), '') end) \
    pista.agent('main', { tools = { allow = { 'fs.write' } } })";

#[test]
fn a_prompt_beside_a_daemon_starts_neither_channels_nor_jobs() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = Home::with(&model).env("BOT_TOKEN", TOKEN).env("WHO", "daemon");
    home.init(&format!("{}{JOB}", bot(&telegram, "")));
    let ticked = |who: &str| home.work().join(format!("tick-{who}")).exists();
    let daemon = start(&home);
    fares(&daemon, |channel| channel["up"] == true);
    assert!(until(|| ticked("daemon")));
    let word = format!("channels and jobs stay with the daemon (pid {})", daemon.id());
    // A setting of its own keeps a prompt from using the daemon; `--local` says it.
    let other = home.clone().env("WHO", "prompt");
    let differing = other.clone().env("OPENPISTA_MAX_TOOL_ROUNDS", "3");
    for (home, args) in [(&other, &["repl", "--local"][..]), (&differing, &["repl"])] {
        let mut terminal = Terminal::start(home.command(args));
        terminal.sees(&word);
        terminal.line("=pista.sleep(2.5)");
        terminal.line("hello");
        terminal.sees("You said: hello");
        terminal.line("/quit");
        assert_eq!(terminal.code(), Some(0));
        assert!(!ticked("prompt"), "a job ran at the prompt of {args:?}");
    }
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    assert_eq!(telegram.conflicts(), 0, "two polled");
    daemon.stop().ok();
    // Where no daemon runs, they are the prompt's.
    let mut terminal = Terminal::start(other.command(["repl", "--local"]));
    assert!(until(|| ticked("prompt")));
    telegram.says(ADA, "anybody?");
    shows(&telegram, ADA, &["You said: hello", "You said: anybody?"]);
    assert!(!terminal.screen().contains("stay with the daemon"));
    terminal.line("/quit");
    assert_eq!(terminal.code(), Some(0));
}
