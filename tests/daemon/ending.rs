//! The end of a daemon, however it comes.

use crate::support::{
    daemon::{Daemon, files, is_found, message, soon},
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, is_alive, until},
    terminal::Terminal,
};
use openpista::{
    domain::event::TurnEvent,
    quic::{
        ClientError,
        protocol::{Answer, Kind, Refusal, Request},
    },
};
use serde_json::json;
use std::{
    fs,
    time::{Duration, Instant},
};

/// What is promised: from the signal to the end.
const PROMISED: Duration = Duration::from_secs(10);

/// A turn is under way when `signal` comes: how it ended, as its device saw it.
fn in_a_turn(daemon: Daemon, fake: &FakeOpenAi, text: &str, signal: &str) -> (Vec<TurnEvent>, Refusal) {
    let seen = soon(async {
        let client = daemon.connect().await;
        let mut answers = client.request(&message(text)).await.unwrap();
        let mut events = vec![];
        let mut sent = false;
        loop {
            match answers.next().await {
                Ok(Answer::Event { event }) => events.push(event),
                Ok(Answer::Done { .. }) => panic!("the turn was answered"),
                Ok(_) => {}
                Err(ClientError::Refused(refusal)) => return (events, refusal),
                Err(other) => panic!("{other}"),
            }
            if !sent && tokio::task::block_in_place(|| fake.saw_requests(1)) {
                daemon.signal(signal);
                sent = true;
            }
        }
    });
    let began = Instant::now();
    daemon.wait().ok();
    assert!(began.elapsed() < PROMISED);
    seen
}

fn is_cancelled(events: &[TurnEvent]) -> bool {
    matches!(events.last(), Some(TurnEvent::Failed { kind: "cancelled", .. }))
}

#[test]
fn a_turn_that_is_under_way_is_closed() {
    for signal in ["TERM", "INT"] {
        let fake = FakeOpenAi::start([
            Reply::text("The first half of a long answer").cut_after(1500).then_hang(),
            Reply::text("on"),
        ]);
        let home = Home::with(&fake);
        let (events, refusal) = in_a_turn(Daemon::start(&home), &fake, "talk", signal);
        assert!(is_cancelled(&events), "{events:?}");
        assert_eq!(refusal.kind, Kind::Cancelled);
        // The next one finds nothing to close, and the history is whole.
        let next = Daemon::with(&home, ["-v"]);
        assert_eq!(next.ask("go on"), "on");
        let ran = next.stop().ok();
        assert!(!ran.err.contains("left open"), "{}", ran.err);
        assert_eq!(fake.refusals(), [""; 0]);
    }
}

#[test]
fn a_turn_that_is_nearly_done_is_finished() {
    let slow = Reply::text("just in time").delay(Duration::from_millis(700));
    let fake = FakeOpenAi::start([slow]);
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    let asked = daemon.begin("hurry");
    assert!(fake.saw_requests(1));
    daemon.signal("TERM");
    assert_eq!(asked.text().unwrap(), "just in time");
    daemon.wait().ok();
}

#[test]
fn what_tools_run_ends_with_it() {
    let command = json!({ "command": "echo $$ > pid.new; mv pid.new pid; exec sleep 600" });
    let fake = FakeOpenAi::start([Reply::call("system_run", command)]);
    let home = Home::with(&fake);
    let daemon = Daemon::with(&home, ["--yes"]);
    let file = home.work().join("pid");
    let _asked = daemon.begin("sleep");
    assert!(until(|| file.exists()), "the command never ran");
    daemon.signal("TERM");
    daemon.wait().ok();
    let pid = fs::read_to_string(file).unwrap().trim().parse().unwrap();
    assert!(until(|| !is_alive(pid)), "the command goes on");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let fake = FakeOpenAi::start([Reply::hang()]);
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    let _asked = daemon.begin("wait");
    assert!(fake.saw_requests(1));
    daemon.signal("TERM");
    // It has heard the first one when it can be found no longer.
    assert!(until(|| !is_found(&home)));
    daemon.signal("TERM");
    daemon.wait().code(130);
    assert!(!files(&home).pid().exists());
}

#[test]
fn a_terminal_that_hangs_up_ends_it_and_does_not_reload_it() {
    let home = Home::new();
    let terminal = Terminal::start(home.command(["start", "--listen", "127.0.0.1:0"]));
    terminal.sees("listening on");
    terminal.sees("generation 1");
    crate::support::program::signal("HUP", terminal.id());
    terminal.sees("reloaded: generation 2");
    assert_eq!(terminal.hang_up(), Some(0));
    assert!(!files(&home).pid().exists());
}

#[test]
fn whatever_hangs_it_ends_in_time() {
    let home = Home::new();
    home.init("pista.on('shutdown', function() while true do end end)");
    let daemon = Daemon::start(&home);
    let began = Instant::now();
    daemon.signal("TERM");
    daemon.wait().ok();
    assert!(began.elapsed() < PROMISED);
}

#[test]
fn stop_waits_for_the_end() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let pid = daemon.id();
    let ran = home.run(["stop"]).ok();
    assert_eq!(ran.out, format!("stopped (pid {pid})\n"));
    assert!(!files(&home).pid().exists(), "stop came back before the end");
    daemon.wait().ok();
    home.run(["stop"]).code(3).complains(["not running", "openpista start"]);
}

#[test]
fn stop_says_when_it_takes_too_long() {
    let fake = FakeOpenAi::start([Reply::hang()]);
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    let pid = daemon.id().to_string();
    let _asked = daemon.begin("wait");
    assert!(fake.saw_requests(1));
    let ran = home.run(["stop", "--timeout", "0.2"]).code(1);
    ran.complains(["still runs after 0.2 s", "kill -KILL", &pid]);
    // It was asked to, all the same.
    daemon.wait().ok();
}

#[test]
fn while_it_ends_it_takes_nothing_new() {
    let fake = FakeOpenAi::start([Reply::hang()]);
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    soon(async {
        let client = daemon.connect().await;
        let turn = client.request(&message("wait")).await.unwrap();
        assert!(tokio::task::block_in_place(|| fake.saw_requests(1)));
        daemon.signal("TERM");
        assert!(tokio::task::block_in_place(|| until(|| !is_found(&home))));
        let refused = client.ask(&Request::Status {}).await.unwrap_err();
        assert!(matches!(&refused, ClientError::Refused(no) if no.kind == Kind::Shutdown), "{refused}");
        drop(turn);
    });
    daemon.wait().ok();
    assert_eq!(fake.count(), 1);
}
