//! TAB.

use crate::{PROMPT, answer, open, support::program::Home};

#[test]
fn commands_and_lua_names_are_completed() {
    let home = Home::new();
    home.init("shelf = { height = 1, width = 2 }");
    let mut terminal = open(&home);
    for (typed, line) in [
        ("/he\t", "› /help"),
        ("/sess\t", "› /sessions"),
        ("=pista.lo\t", "› =pista.log"),
        ("=1 + shelf.he\t", "› =1 + shelf.height"),
        ("/lua print(shelf.w\t", "› /lua print(shelf.width"),
        ("=shel\t", "› =shelf"),
    ] {
        terminal.keys(typed);
        terminal.at(line);
        terminal.keys("\x03");
        terminal.at(PROMPT);
    }
}

#[test]
fn several_candidates_are_listed() {
    let home = Home::new();
    let mut terminal = open(&home);
    terminal.keys("/\t\t");
    for name in
        ["/help", "/new", "/sessions", "/resume", "/tools", "/model", "/clear", "/quit", "/exit", "/login"]
    {
        terminal.sees(name);
    }
    terminal.keys("\x03");
    terminal.at(PROMPT);
    terminal.keys("=pista.\t\t");
    terminal.sees("pista.hook");
    terminal.sees("pista.tool");
}

#[test]
fn what_has_no_completion_stays() {
    let home = Home::new();
    let mut terminal = open(&home);
    terminal.keys("hello wor\t");
    terminal.at("› hello wor");
    terminal.keys("\x03");
    terminal.at(PROMPT);
    terminal.keys("=no_such_thing.x\t");
    terminal.at("› =no_such_thing.x");
    terminal.keys("\x03");
    terminal.at(PROMPT);
    assert_eq!(answer(&mut terminal, "=1"), "1");
}
