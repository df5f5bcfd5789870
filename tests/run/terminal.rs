//! A turn on a terminal.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, PATIENCE, is_alive, until},
};
use rexpect::{process::WaitStatus, session::PtySession};
use serde_json::json;
use std::fs;

/// The program on a terminal of its own.
fn open(home: &Home, args: &[&str]) -> PtySession {
    let mut command = home.command(args);
    command.env("TERM", "xterm");
    let patience = PATIENCE.as_millis().try_into().expect("a small number");
    rexpect::session::spawn_command(command, Some(patience)).expect("a terminal")
}

/// What else it prints, and its exit code.
fn end(mut terminal: PtySession) -> (String, i32) {
    let rest = terminal.exp_eof().expect("an end");
    match terminal.process().wait().expect("a status") {
        WaitStatus::Exited(_, code) => (rest, code),
        other => panic!("{other:?}\n{rest}"),
    }
}

/// Always wants to touch `made`, then answers.
fn touching() -> FakeOpenAi {
    FakeOpenAi::answering(|request| match request.messages().last().map(|m| &m["role"]) {
        Some(role) if role == "tool" => Reply::text("It is done."),
        _ => Reply::call("system_run", json!({"argv": ["touch", "made"], "timeout": 7})),
    })
}

const QUESTION: &str = "[a]lways exactly this: ";

#[test]
fn text_streams_as_it_comes() {
    let fake = FakeOpenAi::start([Reply::text("The beginning of it").cut_after(1400).then_hang()]);
    let home = Home::with(&fake);
    let mut terminal = open(&home, &["run", "-e", "talk"]);
    terminal.exp_string("The beg").expect("text before the end of the answer");
    terminal.send_control('c').expect("sent");
    assert_eq!(end(terminal).1, 130);
}

#[test]
fn an_answer_ends_with_one_line_end() {
    let fake = FakeOpenAi::start([Reply::text("The answer.\n")]);
    let (shown, code) = end(open(&Home::with(&fake), &["run", "-e", "talk"]));
    assert_eq!((shown.as_str(), code), ("The answer.\r\n", 0));
    let fake = FakeOpenAi::start([Reply::text("The answer.")]);
    assert_eq!(end(open(&Home::with(&fake), &["run", "-e", "talk"])).0, "The answer.\r\n");
}

#[test]
fn a_tool_has_a_live_line() {
    let fake = FakeOpenAi::start([
        Reply::text_and_calls("Let me wait.", [("system_run", json!({"argv": ["sleep", "0.8"]}))]),
        Reply::text("I waited."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = open(&home, &["run", "--yes", "-e", "wait"]);
    terminal.exp_string("Let me wait.").expect("the text before");
    terminal.exp_string("system.run sleep 0.8").expect("the line");
    terminal.exp_regex(r"0\.[2-9] s").expect("its time runs");
    terminal.exp_string("\u{1b}[32m").expect("its end, in green");
    terminal.exp_regex(r"system\.run sleep 0\.8  \S+[0-9.]+ s").expect("the line stays");
    terminal.exp_string("I waited.").expect("the answer");
    assert_eq!(end(terminal).1, 0);
}

#[test]
fn yes_runs_it_once() {
    let fake = touching();
    let home = Home::with(&fake);
    let mut terminal = open(&home, &["run", "-e", "make it"]);
    let shown = terminal.exp_string(QUESTION).expect("a question");
    assert!(shown.contains("system.run touch made"), "{shown}");
    assert!(shown.contains("  timeout: 7"), "all of it is shown: {shown}");
    assert!(!home.work().join("made").exists(), "it ran before it was allowed");
    terminal.send_line("perhaps").expect("sent");
    terminal.exp_string("answer y, n or a").expect("another chance");
    terminal.exp_string(QUESTION).expect("the question again");
    terminal.send_line("y").expect("sent");
    terminal.exp_string("It is done.").expect("an answer");
    assert_eq!(end(terminal).1, 0);
    assert!(home.work().join("made").exists());
    // Yes was for that once.
    let mut terminal = open(&home, &["run", "-e", "make it"]);
    terminal.exp_string(QUESTION).expect("the question again");
    terminal.send_line("no").expect("sent");
    end(terminal);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn no_is_told_to_the_model() {
    let fake = touching();
    let home = Home::with(&fake);
    let mut terminal = open(&home, &["run", "-e", "make it"]);
    terminal.exp_string(QUESTION).expect("a question");
    terminal.send_line("n").expect("sent");
    let (shown, code) = end(terminal);
    assert!(code == 0 && shown.contains("It is done."), "{shown}");
    assert!(!home.work().join("made").exists());
    assert!(fake.requests()[1].last_text().contains("the user said no"));
}

#[test]
fn always_holds_until_it_is_revoked() {
    let fake = touching();
    let home = Home::with(&fake);
    let mut terminal = open(&home, &["run", "-e", "make it"]);
    terminal.exp_string(QUESTION).expect("a question");
    terminal.send_line("a").expect("sent");
    assert_eq!(end(terminal).1, 0);

    let remade = || {
        fs::remove_file(home.work().join("made")).expect("it was made");
        let (shown, code) = end(open(&home, &["run", "-e", "make it"]));
        assert!(code == 0 && !shown.contains("Run it?"), "{shown}");
        home.work().join("made").exists()
    };
    assert!(remade());
    // Without a terminal, too.
    fs::remove_file(home.work().join("made")).expect("it was made");
    home.say("make it").ok();
    assert!(home.work().join("made").exists());

    let list = home.run(["grants", "list"]).ok().out;
    assert!(list.contains("system.run") && list.contains("touch") && list.contains("work"), "{list}");
    let grant = home.run(["grants", "list", "--json"]).ok().json().remove(0);
    assert_eq!((grant["tool"].as_str(), grant["agent"].as_str()), (Some("system.run"), Some("main")));
    let short = list.split_whitespace().next().expect("a fingerprint");
    home.run(["grants", "rm", short]).ok().complains(["revoked: system.run"]);
    home.run(["grants", "list"]).ok().complains(["no standing approvals"]);

    let mut terminal = open(&home, &["run", "-e", "make it"]);
    terminal.exp_string(QUESTION).expect("the question again");
    terminal.send_line("n").expect("sent");
    end(terminal);
}

#[test]
fn always_is_for_exactly_this() {
    let mut number = 0;
    let fake = FakeOpenAi::answering(move |request| match request.messages().last().map(|m| &m["role"]) {
        Some(role) if role == "tool" => Reply::text("It is done."),
        _ => {
            number += 1;
            Reply::call("system_run", json!({"argv": ["touch", format!("made{number}")]}))
        }
    });
    let home = Home::with(&fake);
    for answer in ["a", "n"] {
        let mut terminal = open(&home, &["run", "-e", "make it"]);
        terminal.exp_string(QUESTION).expect("a question");
        terminal.send_line(answer).expect("sent");
        assert_eq!(end(terminal).1, 0);
    }
    assert!(home.work().join("made1").exists() && !home.work().join("made2").exists());
}

#[test]
fn several_calls_are_asked_about_one_by_one() {
    let fake = FakeOpenAi::start([
        Reply::calls([
            ("system_run", json!({"argv": ["touch", "one"]})),
            ("system_run", json!({"argv": ["touch", "two"]})),
            ("fs_list", json!({})),
        ]),
        Reply::text("It is done."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = open(&home, &["run", "-e", "make them"]);
    for _ in 0..2 {
        let shown = terminal.exp_string(QUESTION).expect("a question");
        // The question comes last, after the line of what runs already.
        let one = shown.rfind("touch one") > shown.rfind("touch two");
        terminal.send_line(if one { "y" } else { "n" }).expect("sent");
    }
    assert_eq!(end(terminal).1, 0);
    assert!(home.work().join("one").exists() && !home.work().join("two").exists());
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn an_interrupt_at_the_question_ends_the_turn() {
    let fake = touching();
    let home = Home::with(&fake);
    let mut terminal = open(&home, &["run", "--session", "s", "-e", "make it"]);
    terminal.exp_string(QUESTION).expect("a question");
    terminal.send_control('c').expect("sent");
    assert_eq!(end(terminal).1, 130);
    assert!(!home.work().join("made").exists());
    home.run(["run", "--session", "s", "-e", "what now?"]).ok();
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn the_end_of_the_input_at_the_question_is_no_yes() {
    let fake = touching();
    let home = Home::with(&fake);
    let mut terminal = open(&home, &["run", "-e", "make it"]);
    terminal.exp_string(QUESTION).expect("a question");
    terminal.send_control('d').expect("sent");
    assert_eq!(end(terminal).1, 0);
    assert!(!home.work().join("made").exists());
}

#[test]
fn an_interrupt_while_a_tool_runs_ends_it() {
    let line = "echo $$ > pid.new; mv pid.new pid; exec sleep 600";
    let fake = FakeOpenAi::start([Reply::call("system_run", json!({ "command": line }))]);
    let home = Home::with(&fake);
    let mut terminal = open(&home, &["run", "--yes", "-e", "sleep"]);
    terminal.exp_string("sleep 600").expect("the line");
    assert!(until(|| home.work().join("pid").exists()));
    let pid = fs::read_to_string(home.work().join("pid")).expect("a pid").trim().parse().expect("a number");
    terminal.send_control('c').expect("sent");
    assert_eq!(end(terminal).1, 130);
    assert!(until(|| !is_alive(pid)));
}

#[test]
fn without_a_message_on_a_terminal_there_is_nothing_to_wait_for() {
    let (shown, code) = end(open(&Home::new(), &["run"]));
    assert!(code == 2 && shown.contains("-e TEXT"), "{shown}");
}

#[test]
fn what_a_model_or_a_command_says_cannot_drive_the_terminal() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({"argv": ["touch", "\u{1b}]0;owned\u{7}\u{202e}x"]})),
        Reply::text("clear \u{1b}[2J \u{9b}31m screen"),
    ]);
    let home = Home::with(&fake).env("NO_COLOR", "1");
    let mut terminal = open(&home, &["run", "-e", "go"]);
    let asked = terminal.exp_string(QUESTION).expect("a question");
    terminal.send_line("n").expect("sent");
    let (rest, _) = end(terminal);
    let shown = asked + &rest;
    for bad in ["\u{1b}]0;", "\u{7}", "\u{202e}", "\u{1b}[2J", "\u{9b}"] {
        assert!(!shown.contains(bad), "{bad:?} in {shown:?}");
    }
}

#[test]
fn json_stays_json_on_a_terminal() {
    let fake = FakeOpenAi::start([Reply::call("fs_list", json!({})), Reply::text("done")]);
    let (shown, code) = end(open(&Home::with(&fake), &["run", "--json", "-e", "go"]));
    assert_eq!(code, 0);
    for line in shown.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
    }
}

#[test]
fn colours_can_be_switched_off() {
    let lua = "pista.agent('main', { tools = { allow = { '*' } } })";
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let fake = touching();
        let home = Home::with(&fake);
        home.init(lua);
        let mut command = home.command(["run", "-e", "make it"]);
        command.env("TERM", "xterm").env(name, value);
        let terminal = rexpect::session::spawn_command(command, Some(20_000)).expect("a terminal");
        let (shown, _) = end(terminal);
        assert!(!shown.contains("\u{1b}[3") && !shown.contains("\u{1b}[2m"), "{name}: {shown:?}");
    }
}
