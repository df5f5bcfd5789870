//! Conversations that go on.

use crate::{
    PROMPT, answer, open, open_with,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};

fn echo() -> FakeOpenAi {
    FakeOpenAi::answering(|request| Reply::text(format!("Answer to {}.", request.last_text())))
}

fn texts(fake: &FakeOpenAi) -> Vec<String> {
    let requests = fake.requests();
    let messages = requests.last().expect("a request").messages();
    messages.iter().skip(1).filter_map(|m| m["content"].as_str()).map(str::to_owned).collect()
}

#[test]
fn the_session_is_there_again_next_time() {
    let fake = echo();
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    answer(&mut terminal, "apples");
    terminal.keys("\x04");
    terminal.code();
    let mut terminal = open(&home);
    let greeting = terminal.screen();
    assert!(greeting.contains("2 messages, just now; /new begins a fresh one"), "{greeting}");
    answer(&mut terminal, "pears");
    assert_eq!(texts(&fake), ["apples", "Answer to apples.", "pears"]);
    assert_eq!(answer(&mut terminal, "/new").split(' ').next(), Some("session"));
    answer(&mut terminal, "plums");
    assert_eq!(texts(&fake), ["plums"]);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_session_of_the_command_line_is_not_taken_up() {
    let fake = echo();
    let home = Home::with(&fake);
    home.say("one-shot").ok();
    let mut terminal = open(&home);
    answer(&mut terminal, "mine");
    assert_eq!(texts(&fake), ["mine"]);
}

#[test]
fn sessions_are_listed_and_resumed() {
    let fake = echo();
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    answer(&mut terminal, "apples");
    answer(&mut terminal, "/new fruit");
    answer(&mut terminal, "pears");
    let list = answer(&mut terminal, "/sessions");
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("* ") && lines[0].contains("[fruit] pears"), "{list}");
    assert!(lines[1].starts_with("  ") && lines[1].contains("apples"), "{list}");

    let id = lines[1].split_whitespace().next().expect("an id").to_owned();
    let shown = answer(&mut terminal, &format!("/resume {id}"));
    assert!(shown.contains("you apples") && shown.contains("agent Answer to apples."), "{shown}");
    answer(&mut terminal, "more");
    assert_eq!(texts(&fake), ["apples", "Answer to apples.", "more"]);
    answer(&mut terminal, "/resume fruit");
    answer(&mut terminal, "again");
    assert_eq!(texts(&fake), ["pears", "Answer to pears.", "again"]);
    let shown = answer(&mut terminal, "/resume nonsense");
    assert!(shown.contains("nonsense"), "{shown}");
    answer(&mut terminal, "still");
    assert_eq!(texts(&fake).last().map(String::as_str), Some("still"));
    assert_eq!(texts(&fake).len(), 5, "the session did not change");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_session_has_a_name() {
    let fake = echo();
    let home = Home::with(&fake);
    let mut terminal = open_with(&home, &["--session", "garden"]);
    answer(&mut terminal, "roses");
    terminal.keys("\x04");
    terminal.code();
    let mut terminal = open(&home);
    answer(&mut terminal, "/new");
    answer(&mut terminal, "other");
    drop(terminal);
    let mut terminal = open_with(&home, &["--session", "garden"]);
    answer(&mut terminal, "tulips");
    assert_eq!(texts(&fake), ["roses", "Answer to roses.", "tulips"]);
    // A name is given once.
    let shown = answer(&mut terminal, "/new garden");
    assert!(shown.contains("garden"), "{shown}");
    answer(&mut terminal, "lilies");
    assert_eq!(texts(&fake).len(), 5);
}

#[test]
fn a_turn_that_was_killed_leaves_a_session_that_goes_on() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", serde_json::json!({"argv": ["sleep", "600"]})),
        Reply::text("Here again."),
    ]);
    let home = Home::with(&fake);
    let mut terminal = open_with(&home, &["--yes"]);
    terminal.line("sleep");
    terminal.sees("system.run sleep 600");
    drop(terminal);
    let mut terminal = open(&home);
    assert_eq!(answer(&mut terminal, "hello"), "Here again.");
    terminal.at(PROMPT);
    assert_eq!(fake.refusals(), [""; 0]);
}
