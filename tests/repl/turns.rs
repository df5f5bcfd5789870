//! A message, and what is seen of its turn.

use crate::{
    PROMPT, answer, open, open_with,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use serde_json::json;

#[test]
fn text_streams_as_it_comes() {
    let fake = FakeOpenAi::start([Reply::text("The beginning of it").cut_after(1400).then_hang()]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("talk");
    terminal.sees("\nThe beg");
    terminal.keys("\x03");
    terminal.at(PROMPT);
}

#[test]
fn the_answer_stands_between_two_prompts() {
    let fake = FakeOpenAi::start([Reply::text("\n\nOne.\n\nTwo.\n\n\n"), Reply::text("Three.")]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    assert_eq!(answer(&mut terminal, "first"), "One.\n\nTwo.");
    assert_eq!(answer(&mut terminal, "second"), "Three.");
    let shown = terminal.screen();
    assert!(shown.ends_with("› first\nOne.\n\nTwo.\n› second\nThree.\n›"), "{shown}");
    assert_eq!(fake.requests()[1].messages().len(), 4, "the second message knows of the first");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn tools_have_live_lines_that_stay() {
    let fake = FakeOpenAi::start([
        Reply::text_and_calls(
            "I look around.",
            [
                ("system_run", json!({"argv": ["sleep", "1.2"]})),
                ("system_run", json!({"command": "exit 3"})),
                ("fs_list", json!({"path": "."})),
                ("fs_read", json!({"path": "missing"})),
            ],
        ),
        Reply::text("All seen."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = open_with(&home, &["--yes"]);
    terminal.line("look");
    terminal.until("a running time", |screen| {
        let text = screen.text();
        text.lines().any(|line| line.contains("system.run sleep 1.2  0.") && !line.starts_with('✓'))
    });
    let shown = terminal.sees("All seen.");
    let lines: Vec<&str> = shown.lines().skip_while(|line| !line.starts_with("I look")).collect();
    assert_eq!(lines[0], "I look around.");
    assert!(lines[1].starts_with("✓ system.run sleep 1.2  1."), "{shown}");
    assert!(lines[2].starts_with("✗ system.run exit 3  exit 3, 0."), "{shown}");
    assert!(lines[3].starts_with("✓ fs.list .  0."), "{shown}");
    assert!(lines[4].starts_with("✗ fs.read missing  ") && lines[4].contains("no such file"), "{shown}");
    assert_eq!(lines[5], "All seen.", "nothing is left of the moving lines: {shown}");
    terminal.at(PROMPT);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_model_that_takes_its_time_is_seen_to() {
    let slow = std::time::Duration::from_millis(2500);
    let fake = FakeOpenAi::start([Reply::text("Here.").delay(slow)]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("think");
    terminal.sees("waiting for the model  1.");
    terminal.sees("Here.");
    let shown = terminal.at(PROMPT);
    assert!(shown.ends_with("› think\nHere.\n›"), "{shown}");
}

#[test]
fn a_failed_turn_says_why_and_the_next_one_goes_on() {
    let fake =
        FakeOpenAi::start([Reply::error(401, "Incorrect API key provided"), Reply::text("Now I can.")]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    let error = answer(&mut terminal, "first");
    assert!(error.contains("error: ") && error.contains("Incorrect API key provided"), "{error}");
    assert_eq!(answer(&mut terminal, "second"), "Now I can.");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn what_is_typed_meanwhile_does_not_disturb_and_is_taken_up() {
    let slow = std::time::Duration::from_millis(1500);
    let fake = FakeOpenAi::start([Reply::text("First answer.").delay(slow), Reply::text("Second answer.")]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line("one");
    assert!(fake.saw_requests(1));
    terminal.line("two");
    terminal.sees("Second answer.");
    let shown = terminal.at(PROMPT);
    assert!(shown.ends_with("› one\nFirst answer.\n› two\nSecond answer.\n›"), "{shown}");
}

#[test]
fn what_was_not_answered_is_said_again() {
    let fake = FakeOpenAi::start([
        Reply::error(400, "no"),
        Reply::text("Now."),
        Reply::error(400, "no"),
        Reply::text("Then."),
    ]);
    let home = Home::with(&fake);
    let ran = home.pipe(["repl"], "first\n/retry\n/retry\n");
    assert_eq!(ran.out, "Now.\n");
    assert!(ran.err.contains("There is nothing to retry"), "{}", ran.err);
    // Also by a program that was not there when it was said.
    home.pipe(["repl"], "second\n").code(1);
    assert_eq!(home.pipe(["repl"], "/retry\n").ok().out, "Then.\n");
    let said: Vec<_> = fake.requests().iter().map(|request| request.last_text().to_owned()).collect();
    for (said, text) in said.iter().zip(["first", "first", "second", "second"]) {
        assert!(said.ends_with(text), "{said}");
    }
}
