//! How a bot is declared.

use crate::support::{fake_openai::FakeOpenAi, fake_telegram::TOKEN, program::Home};

#[test]
fn mistakes_are_told_with_their_place() {
    for (options, words) in [
        ("users = { 1 }", "token is missing"),
        (&*format!("token = '{TOKEN}'"), "give a secret by where it is kept"),
        ("token = pista.secret('env:X'), tokn = 1", "unknown key \"tokn\" (did you mean \"token\"?)"),
        ("token = pista.secret('env:X'), start = print", "unknown key \"start\""),
        ("token = pista.secret('env:X'), api = 'ftp://x'", "must be the address of a server"),
        ("token = pista.secret('env:X'), api = 'https://u:p@x'", "must be the address of a server"),
        ("token = pista.secret('env:X'), inbox = '../x'", "must be a directory within the workspace"),
        ("token = pista.secret('env:X'), stream = 1", "expected true or false"),
        ("token = pista.secret('env:X'), gather = 11", "gather: must be seconds, at most 10; 0 turns it off"),
        ("token = pista.secret('env:X'), gather = -1", "must be a number from 0 up"),
        ("token = pista.secret('env:X'), gather = 'no'", "gather: expected a number"),
        ("kind = 'telegran', token = pista.secret('env:X')", "telegran"),
    ] {
        let home = Home::new();
        home.init(&format!("\npista.channel('telegram', {{ {options} }})"));
        let ran = home.run(["check"]);
        assert!(
            ran.code != Some(0) && ran.err.contains("init.lua:2: ") && ran.err.contains(words),
            "{ran:#?}"
        );
        assert!(!ran.err.contains(TOKEN) && !ran.out.contains(TOKEN));
    }
}

#[test]
fn check_lists_it_without_asking_anybody() {
    let model = FakeOpenAi::start([]);
    let home = Home::with(&model);
    home.init("pista.channel('mine', { kind = 'telegram', token = pista.secret('env:X'), users = { 1 } })");
    let ran = home.run(["check", "--plan"]).ok();
    assert!(
        ran.out.contains("mine") && ran.out.contains("telegram") && ran.out.contains("env:X"),
        "{ran:#?}"
    );
}
