//! What can be typed and pasted.

use crate::{
    PROMPT, open,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
        terminal::Terminal,
    },
};

fn length() -> FakeOpenAi {
    FakeOpenAi::answering(|request| {
        Reply::text(format!("{} characters.", request.last_text().chars().count()))
    })
}

fn said(fake: &FakeOpenAi, terminal: &mut Terminal, keys: &str) -> String {
    let before = fake.requests().len();
    terminal.keys(keys);
    terminal.sees_times("characters.", before + 1);
    terminal.at(PROMPT);
    fake.requests().last().expect("a request").last_text().to_owned()
}

#[test]
fn pasted_lines_are_one_message() {
    let fake = length();
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    let pasted = "\x1b[200~first line\r\nsecond\rthird\x1b[201~\r";
    assert_eq!(said(&fake, &mut terminal, pasted), "first line\nsecond\nthird");
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn pasted_lua_is_one_chunk() {
    let home = Home::new();
    let mut terminal = open(&home);
    terminal.keys("\x1b[200~/lua for i = 1, 2 do\r  print('n', i)\rend\x1b[201~\r");
    terminal.sees("n       1\nn       2\n›");
}

#[test]
fn any_script_can_be_typed() {
    let fake = length();
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    let text = "grüße, 日本語, \u{1f389} e\u{301}";
    assert_eq!(said(&fake, &mut terminal, &format!("{text}\r")), text);
    // Editing knows where a character ends.
    assert_eq!(said(&fake, &mut terminal, "日本\x7f\x7fok\r"), "ok");
}

#[test]
fn a_very_long_line_can_be_pasted() {
    let fake = length();
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    let text = "word ".repeat(4_000) + "end";
    assert_eq!(said(&fake, &mut terminal, &format!("\x1b[200~{text}\x1b[201~\r")), text);
}

#[test]
fn lines_that_come_at_once_are_taken_one_by_one() {
    let home = Home::new();
    let mut terminal = open(&home);
    // A terminal that does not mark what is pasted sends it like this.
    terminal.keys("=1 + 1\r=2 + 2\r=function f()\rreturn 6 end\r=f()\r");
    terminal.sees("\n6\n›");
    let shown = terminal.at(PROMPT);
    assert!(shown.contains("› =1 + 1\n2\n› =2 + 2\n4\n"), "{shown}");
}
