//! An init.lua with nothing in it is refused like a missing one: a save that broke off, or a full disk,
//! leaves one behind, and all rules would be gone.

use crate::{
    piped::Piped,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};

/// What is nothing.
const NOTHING: &[&str] = &["", "\n", " \t\r\n\n", "\u{feff}", "\u{feff}\n\n"];

#[test]
fn one_that_is_empty_is_refused() {
    let home = Home::new();
    for nothing in NOTHING {
        home.init(nothing);
        for command in [vec!["check"], vec!["run", "-e", "hello"], vec!["tools"]] {
            let ran = home.run(&command).code(78);
            ran.complains(["init.lua: the file is empty", "`return`"]);
        }
    }
    for meant in ["return", "-- nothing to set\n", ";", "#!/usr/bin/env openpista\nreturn"] {
        home.init(meant);
        home.run(["check"]).ok();
    }
    home.run(["--config", "/dev/null", "check"]).ok();
}

#[test]
fn one_that_becomes_empty_leaves_what_was_in_force() {
    let fake =
        FakeOpenAi::answering(|request| Reply::text(format!("by {}", request.messages()[0]["content"])));
    let home = Home::with(&fake);
    home.init("pista.agent('main', { prompt = 'Be good.' })\n");
    let mut piped = Piped::start(&home);
    for (times, nothing) in NOTHING.iter().enumerate() {
        home.init(nothing);
        piped.err.sees_times("not reloaded, generation 1 stays: init.lua: the file is empty", times + 1);
        piped.says("who?", "by \"Be good.\"");
        // Told once for each content: something else in between.
        home.init("pista.agent(");
        piped.err.sees_times("not reloaded, generation 1 stays: init.lua:1:", times + 1);
    }
    home.init("pista.agent('main', { prompt = 'Be better.' })");
    piped.err.sees("agent main: prompt changed");
    assert_eq!(piped.end(), Some(0));
}

#[test]
fn a_start_with_an_empty_one_goes_on_with_the_last_that_worked() {
    let home = Home::new();
    home.init("pista.agent('main', { prompt = 'Be good.' })\n");
    Piped::start(&home).end();
    home.init("");
    let piped = Piped::start(&home);
    piped.err.sees("the file is empty");
    piped.err.sees("the last one that worked is in force instead");
    piped.end();
}
