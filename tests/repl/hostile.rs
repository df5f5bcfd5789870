//! What a model or a command says does not drive the terminal: the test's screen fails at any escape
//! sequence or control character that the program has no reason to send.

use crate::{
    PROMPT, QUESTION, open,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use serde_json::json;

const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[5;1H\u{9b}31m\u{1b}c\u{90}x\u{202e}\u{8}\r";

#[test]
fn nothing_gets_through() {
    let fake = FakeOpenAi::start([
        Reply::text_and_calls(
            &format!("Before {EVIL}."),
            [
                ("system_run", json!({"argv": ["printf", EVIL]})),
                ("fs_read", json!({"path": format!("nope{EVIL}")})),
                ("no_such_tool", json!({"path": EVIL})),
            ],
        ),
        Reply::text(format!("After {EVIL}.")),
        Reply::error(400, &format!("Broken {EVIL} end.")),
    ]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("go");
    terminal.sees(QUESTION);
    terminal.line("y");
    terminal.sees("\nAfter ]0;owned");
    terminal.at(PROMPT);
    terminal.line("again");
    terminal.sees("Broken ");
    terminal.at(PROMPT);
    let id = home.run(["sessions", "list"]).ok().out;
    let id = id.split_whitespace().next().expect("an id");
    terminal.line(&format!("/resume {id}"));
    terminal.sees("agent Before ]0;owned");
    terminal.at(PROMPT);
    let raw = terminal.raw();
    for bad in ["\u{1b}]", "\u{7}", "\u{202e}", "\u{1b}[2J", "\u{1b}[5;1H", "\u{9b}", "\u{1b}c", "\u{90}"] {
        assert!(!raw.contains(bad), "{bad:?} got through");
    }
}

#[test]
fn a_name_of_a_session_does_not_either() {
    let fake = FakeOpenAi::answering(|_| Reply::text("Yes."));
    let home = Home::with(&fake);
    home.run(["run", "-e", &format!("title {EVIL}")]).ok();
    home.run(["run", "--session", &format!("name{EVIL}"), "-e", "hi"]).code(1).complains(["on one line"]);
    let mut terminal = open(&home);
    terminal.line("/sessions");
    terminal.sees("title ]0;owned");
    terminal.at(PROMPT);
}
