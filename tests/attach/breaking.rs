//! A daemon that goes away, and comes back.

use crate::{
    PROMPT, answer, attach,
    support::{
        daemon::Daemon,
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, Ran},
    },
};
use serde_json::json;

/// Begins an answer, and hangs.
fn hanging() -> FakeOpenAi {
    FakeOpenAi::answering(|request| match request.last_text() {
        "hang" => Reply::text("Once upon a time there was").cut_after(1400).then_hang(),
        _ => Reply::text("hi"),
    })
}

/// A `run` whose daemon gets this signal in the midst of the turn.
fn interrupted(signal: &str, args: &[&str]) -> (Ran, Home, FakeOpenAi) {
    let fake = hanging();
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    let turn = home.start([&["run", "-e", "hang"], args].concat(), "");
    assert!(fake.saw_requests(1));
    daemon.signal(signal);
    (turn.wait(), home, fake)
}

#[test]
fn a_daemon_that_is_killed_fails_the_run_with_a_word() {
    let (ran, home, _fake) = interrupted("KILL", &[]);
    ran.code(1).complains(["the daemon went away before it had answered"]);
    // What it leaves behind is in nobody's way.
    assert_eq!(home.run(["run", "-e", "hello"]).ok().out, "hi\n");
}

#[test]
fn the_events_have_an_end_all_the_same() {
    let (ran, ..) = interrupted("KILL", &["--json"]);
    let last = ran.code(1).json().pop().expect("events");
    assert_eq!((&last["type"], &last["kind"]), (&json!("failed"), &json!("other")), "{last}");
}

#[test]
fn a_daemon_that_is_ended_fails_the_run_too() {
    let (ran, ..) = interrupted("TERM", &[]);
    let ran = ran.code(1);
    assert!(!ran.err.is_empty(), "{ran:?}");
}

#[test]
fn the_prompt_survives_and_finds_the_next_one() {
    let fake = hanging();
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    let mut terminal = attach(&home);
    terminal.line("hang");
    terminal.sees("Once up");
    daemon.signal("KILL");
    terminal.sees("error: the daemon went away before it had answered");
    terminal.sees("the daemon went away");
    daemon.wait();
    // What is typed ahead of a prompt is thrown away.
    terminal.at(PROMPT);
    assert!(answer(&mut terminal, "hello").contains("error: "), "{}", terminal.screen());
    let next = Daemon::start(&home);
    terminal.sees(&format!("the daemon is there again, pid {}, generation 1", next.id()));
    terminal.line("hello again");
    terminal.sees("› hello again\nhi\n");
    terminal.at(PROMPT);
    assert_eq!(answer(&mut terminal, "=1"), "1");
    next.stop().ok();
    terminal.sees("(the server ends)");
    terminal.line("/quit");
    assert_eq!(terminal.code(), Some(0));
}

#[test]
fn a_daemon_that_does_not_answer_is_done_without() {
    let fake = hanging();
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    // As if its certificate were another one: it is not talked to.
    let card = home.state().join("daemon/address.json");
    let text = std::fs::read_to_string(&card).expect("a card");
    let other = openpista::quic::Fingerprint::of(b"another").to_string();
    std::fs::write(&card, text.replace(&daemon.card.fingerprint, &other)).expect("a card");
    let ran = home.run(["run", "-e", "hello"]).ok().complains(["note: done without the daemon"]);
    assert_eq!(ran.out, "hi\n");
    home.run(["run", "--attach", "-e", "hello"]).code(1).complains(["is not the one"]);
}
