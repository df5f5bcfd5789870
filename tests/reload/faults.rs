//! A broken save changes nothing; the next good one is live.

use crate::{
    piped::Piped,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use std::fs;

const GOOD: &str = "pista.agent('main', { prompt = 'Be good.' })\n";

#[test]
fn a_fault_in_the_file_itself() {
    let fake =
        FakeOpenAi::answering(|request| Reply::text(format!("by {}", request.messages()[0]["content"])));
    let home = Home::with(&fake);
    home.init(GOOD);
    let mut piped = Piped::start(&home);
    let faults = [
        ("local x =\n\npista.agent('main', {", "init.lua:3:"),
        ("\npista.agent('main', { promt = 'x' })", "init.lua:2:"),
        ("pista.setup { agent = 'nobody' }", "there is no agent \"nobody\""),
        ("pista.setup { workspace = '/nowhere/at/all' }", "/nowhere/at/all is not a directory"),
        (
            "pista.provider('p', { base_url = 'http://127.0.0.1:1/v1', fallback = { 'q/x' } })",
            "names no provider",
        ),
        ("while true do end", "5 s"),
        ("error('by hand')", "by hand"),
    ];
    for (lua, told) in faults {
        home.init(lua);
        piped.err.sees(told);
        piped.says("who?", "by \"Be good.\"");
    }
    let told = piped.err.text();
    assert_eq!(told.matches("not reloaded, generation 1 stays: ").count(), faults.len(), "{told}");
    home.init("pista.agent('main', { prompt = 'Be better.' })");
    // What failed to load used up no number.
    piped.err.sees("reloaded: generation 2: agent main: prompt changed");
    piped.says("who?", "by \"Be better.\"");
    assert_eq!(piped.end(), Some(0));
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_fault_in_a_required_file() {
    let home = Home::new();
    home.init("pista.agent('main', { prompt = require('lib.words').prompt })");
    let words = home.write(&home.config().join("lib/words.lua"), "return { prompt = 'a' }");
    let piped = Piped::start(&home);
    fs::write(&words, "return { prompt = ").expect("written");
    piped.err.sees("lib/words.lua:1:");
    fs::write(&words, "return { prompt = 'b' }").expect("written");
    piped.err.sees("agent main: prompt changed");
}

#[test]
fn a_required_file_that_appears() {
    let home = Home::new();
    home.init("-- nothing");
    let piped = Piped::start(&home);
    home.init("require('extra')");
    piped.err.sees("there is no module \"extra\"");
    // In the last of the places that were looked at, whose directory is not there either.
    home.write(&home.config().join("lua/extra/init.lua"), "pista.agent('extra', {})");
    piped.err.sees("agent extra added");
    // One that goes before it.
    home.write(&home.config().join("extra.lua"), "pista.agent('other', {})");
    piped.err.sees("agent other added");
}

#[test]
fn the_file_itself_is_gone_and_comes_back() {
    let home = Home::new();
    let init = home.init(GOOD);
    let mut piped = Piped::start(&home);
    fs::remove_file(&init).expect("removed");
    piped.err.sees("not reloaded, generation 1 stays: ");
    piped.says("=pista.version", env!("CARGO_PKG_VERSION"));
    home.init("pista.agent('main', { prompt = 'Back.' })");
    let told = piped.err.sees("agent main: prompt changed");
    assert_eq!(told.matches("the file is gone").count(), 1, "{told}");
}

#[test]
fn a_file_named_on_the_command_line_is_gone_and_comes_back() {
    let home = Home::new();
    let init = home.write(&home.work().join("mine.lua"), GOOD);
    let piped = Piped::command(home.command(["repl", "--config", "mine.lua"]));
    fs::remove_file(&init).expect("removed");
    piped.err.sees("mine.lua: no such file");
    fs::write(&init, "pista.agent('main', { prompt = 'Back.' })").expect("written");
    piped.err.sees("agent main: prompt changed");
}

#[test]
fn the_log_follows_what_is_in_force() {
    let home = Home::new();
    home.init("-- nothing");
    let piped = Piped::start(&home);
    // Names a log level, and is refused afterwards.
    home.init("pista.setup { log = 'trace', agent = 'nobody' }");
    piped.err.sees("there is no agent");
    home.init("pista.agent('main', { prompt = 'x' })");
    let told = piped.err.sees("agent main: prompt changed");
    assert!(!told.contains("TRACE") && !told.contains("DEBUG"), "{told}");
    home.init("pista.setup { log = 'debug' }\npista.agent('main', { prompt = 'y' })");
    piped.err.sees("setting log warn → debug");
}

#[test]
fn specs_that_a_reload_has_to_pass() {
    let home = Home::new();
    let lua = |prompt: &str| {
        format!(
            "pista.setup {{ reload = {{ require_tests = true }} }}\npista.agent('main', {{ prompt = '{prompt}' }})"
        )
    };
    home.init(&lua("a"));
    let spec = home.config().join("main_spec.lua");
    let expecting = |number: u32| {
        format!("describe('it', function() it('adds', function() expect(1 + 1).to_equal({number}) end) end)")
    };
    home.write(&spec, &expecting(3));
    let piped = Piped::start(&home);
    home.init(&lua("b"));
    piped.err.sees("its specs fail");
    // The fault is in the spec.
    home.write(&spec, &expecting(2));
    piped.err.sees("agent main: prompt changed");
}
