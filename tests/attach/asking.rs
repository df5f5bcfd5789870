//! Questions about calls, over QUIC.

use crate::{
    PROMPT, QUESTION, address, attach, pair,
    support::{daemon::Daemon, program::Home, terminal::Terminal},
    touching,
};

/// What is asked where only this once is to be had.
const ONCE: &str = "Run it? [y]es / [n]o:";

#[test]
fn yes_runs_it_and_no_does_not() {
    let fake = touching();
    let home = Home::with(&fake);
    let _daemon = Daemon::start(&home);
    let mut terminal = attach(&home);
    let made = home.work().join("made");
    terminal.line("make it");
    let shown = terminal.sees(QUESTION);
    assert!(shown.contains("? system.run touch made\n"), "{shown}");
    terminal.line("n");
    terminal.sees("It is done.");
    terminal.at(PROMPT);
    assert!(!made.exists());
    let told = fake.requests().pop().expect("a request").last_text().to_owned();
    assert!(told.contains("no"), "{told}");
    terminal.line("make it");
    terminal.sees_times(QUESTION, 2);
    terminal.line("perhaps");
    terminal.sees("please answer y, n or a");
    terminal.sees_times(QUESTION, 3);
    assert!(!made.exists(), "it ran before it was allowed");
    terminal.line("y");
    terminal.sees_times("It is done.", 2);
    terminal.at(PROMPT);
    assert!(made.exists());
}

#[test]
fn always_holds_for_the_next_time() {
    let fake = touching();
    let home = Home::with(&fake);
    let _daemon = Daemon::start(&home);
    let mut terminal = attach(&home);
    terminal.line("make it");
    terminal.sees(QUESTION);
    terminal.line("a");
    terminal.sees("It is done.");
    terminal.at(PROMPT);
    home.run(["run", "-e", "again"]).ok();
    assert!(home.run(["grants", "list"]).ok().out.contains("touch"));
}

#[test]
fn a_user_is_not_asked_and_is_told_who_could_be() {
    let fake = touching();
    let (home, other) = (Home::with(&fake), Home::new());
    let daemon = Daemon::start(&home);
    pair(&home, &other, "user", "").ok();
    let mut terminal = Terminal::start(other.command(["connect", &address(&daemon)]));
    terminal.at(PROMPT);
    terminal.line("make it");
    terminal.sees("system.run was not run: it needs a yes, and this device may not approve");
    let shown = terminal.sees("It is done.");
    assert!(!shown.contains(QUESTION) && !home.work().join("made").exists(), "{shown}");
}

#[test]
fn ctrl_c_at_the_question_ends_the_turn() {
    let fake = touching();
    let home = Home::with(&fake);
    let _daemon = Daemon::start(&home);
    let mut terminal = attach(&home);
    terminal.line("make it");
    terminal.sees(QUESTION);
    terminal.keys(crate::CTRL_C);
    terminal.sees("cancelled");
    terminal.at(PROMPT);
    assert!(!home.work().join("made").exists());
    assert_eq!(crate::answer(&mut terminal, "=1"), "1");
}

#[test]
fn where_nobody_can_be_asked_it_is_denied_as_without_a_daemon() {
    let fake = touching();
    let home = Home::with(&fake);
    let local = home.run(["run", "--local", "-e", "make it"]);
    let _daemon = Daemon::start(&home);
    let through = home.run(["run", "-e", "make it"]);
    assert_eq!((through.code, &through.out), (local.code, &local.out));
    let told: Vec<String> = fake.requests().iter().map(|request| request.last_text().to_owned()).collect();
    assert_eq!(told[1], told[3], "the model is told the same");
    home.run(["run", "--yes", "-e", "make it"]).ok();
    assert!(home.work().join("made").exists());
}

#[test]
fn run_asks_at_its_own_terminal() {
    let fake = touching();
    let home = Home::with(&fake);
    let _daemon = Daemon::start(&home);
    for (typed, made) in [("n", false), ("y", true)] {
        let mut terminal = Terminal::start(home.command(["run", "-e", "make it"]));
        terminal.sees(QUESTION);
        assert!(!home.work().join("made").exists(), "it ran before it was allowed");
        terminal.line(typed);
        terminal.sees("It is done.");
        assert_eq!(terminal.code(), Some(0));
        assert_eq!(home.work().join("made").exists(), made);
    }
}

#[test]
fn lines_from_a_pipe_answer_no_questions() {
    let fake = touching();
    let home = Home::with(&fake);
    let _daemon = Daemon::start(&home);
    let ran = home.pipe(["repl"], "make it\ny\n").ok().complains(["attached to the daemon, pid"]);
    assert!(ran.out.starts_with("It is done.\n"), "{ran:?}");
    assert!(!home.work().join("made").exists());
    home.pipe(["repl", "--yes"], "make it\n").ok();
    assert!(home.work().join("made").exists());
}

#[test]
fn yes_does_not_answer_what_a_hook_asks() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init("pista.hook('tool_call', function() return pista.ask() end)");
    let _daemon = Daemon::start(&home);
    home.run(["run", "--yes", "-e", "make it"]).ok();
    home.pipe(["repl", "--yes"], "make it\n").ok();
    assert!(!home.work().join("made").exists(), "it ran though nobody was asked");
    let mut terminal = Terminal::start(home.command(["run", "--yes", "-e", "make it"]));
    terminal.sees(ONCE);
    terminal.line("y");
    terminal.sees("It is done.");
    assert!(home.work().join("made").exists());
}
