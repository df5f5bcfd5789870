//! The slash commands.

use crate::{
    answer, open,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};

#[test]
fn help_lists_what_there_is() {
    let home = Home::new();
    let mut terminal = open(&home);
    let shown = answer(&mut terminal, "/help");
    for name in [
        "/help",
        "/new",
        "/sessions",
        "/resume",
        "/tools",
        "/model",
        "/clear",
        "/quit",
        "/exit",
        "/lua",
        "/login",
        "=EXPR",
        "Ctrl-C",
    ] {
        assert!(shown.contains(name), "{name} is not in {shown}");
    }
}

#[test]
fn an_unknown_command_brings_a_hint_and_no_request() {
    let fake = FakeOpenAi::start([]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    let shown = answer(&mut terminal, "/hlep");
    assert!(shown.contains("there is no command /hlep, did you mean /help?"), "{shown}");
    let shown = answer(&mut terminal, "/xyzzyx");
    assert!(shown.contains("no command /xyzzyx (/help lists them)"), "{shown}");
    assert!(fake.requests().is_empty());
}

#[test]
fn a_text_that_begins_with_a_path_is_a_message() {
    let fake = FakeOpenAi::start([Reply::text("A list of names.")]);
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    assert_eq!(answer(&mut terminal, "/etc/hosts is what?"), "A list of names.");
    assert_eq!(fake.requests()[0].last_text(), "/etc/hosts is what?");
}

#[test]
fn the_model_of_the_next_request_can_be_chosen() {
    let fake = FakeOpenAi::answering(|_| Reply::text("Yes."));
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    assert_eq!(answer(&mut terminal, "/model"), "model server/fake-model");
    answer(&mut terminal, "one");
    assert_eq!(answer(&mut terminal, "/model server/other"), "model server/other");
    answer(&mut terminal, "two");
    answer(&mut terminal, "/new");
    assert_eq!(answer(&mut terminal, "/model"), "model server/other");
    let asked: Vec<_> = fake.requests().iter().map(|r| r.body["model"].clone()).collect();
    assert_eq!(asked, ["fake-model", "other"]);
}

#[test]
fn a_name_with_a_slash_that_is_no_provider_is_refused() {
    let fake = FakeOpenAi::answering(|_| Reply::text("Yes."));
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    let shown = answer(&mut terminal, "/model vendor/big");
    assert!(
        shown.contains("no provider is called \"vendor\"") && shown.contains("server/vendor/big"),
        "{shown}"
    );
    assert_eq!(answer(&mut terminal, "hello"), "Yes.");
    assert_eq!(answer(&mut terminal, "/model server/vendor/big"), "model server/vendor/big");
    assert_eq!(answer(&mut terminal, "hello"), "Yes.");
    let asked: Vec<_> = fake.requests().iter().map(|r| r.body["model"].clone()).collect();
    assert_eq!(asked, ["fake-model", "vendor/big"], "the one before stays");
}

#[test]
fn tools_are_listed_with_what_is_allowed() {
    let home = Home::new();
    let mut terminal = open(&home);
    let shown = answer(&mut terminal, "/tools");
    let line = |name: &str| shown.lines().find(|line| line.contains(name)).unwrap_or_default();
    assert!(line("system.run").contains("ask") && line("fs.read").contains("allow"), "{shown}");
}

#[test]
fn login_points_to_what_exists() {
    let home = Home::new();
    let mut terminal = open(&home);
    let shown = answer(&mut terminal, "/login");
    assert!(shown.contains("OPENAI_API_KEY") && shown.contains("config show"), "{shown}");
}

#[test]
fn clear_empties_the_screen() {
    let home = Home::new();
    let mut terminal = open(&home);
    answer(&mut terminal, "=6 * 7");
    terminal.line("/clear");
    terminal.until("an empty screen", |screen| screen.text() == "›");
}

#[test]
fn leaving_has_three_ways() {
    for (way, code) in [("/quit\r", Some(0)), ("/exit\r", Some(0)), ("\x04", Some(0))] {
        let home = Home::new();
        let mut terminal = open(&home);
        terminal.keys(way);
        assert_eq!(terminal.code(), code, "{way:?}");
        assert!(terminal.is_sane());
    }
}
