//! What is told of a reload: to the person, to observers, by hand and by signal.

use crate::{
    piped::Piped,
    support::program::{Home, signal, until},
};
use serde_json::{Value, json};
use std::fs;

/// A configuration that writes each reload that it is told of into a file.
fn observing(home: &Home, name: &str, more: &str) -> String {
    let file = home.work().join(name);
    format!(
        "pista.on('reload', function(r)\n\
         \x20 pista.system.run({{ 'sh', '-c', 'cat >> {0}; echo >> {0}' }}, {{ stdin = pista.json.encode(r) }})\n\
         end)\n{more}",
        file.display()
    )
}

fn told(home: &Home, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(home.work().join(name)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn observers_in_force_are_told() {
    let home = Home::new();
    home.init(&observing(&home, "first", ""));
    let piped = Piped::start(&home);
    home.init("nonsense");
    piped.err.sees("not reloaded");
    assert!(until(|| told(&home, "first").len() == 1), "{:?}", told(&home, "first"));
    let event = &told(&home, "first")[0];
    assert_eq!(
        (&event["ok"], &event["cause"], &event["generation"]),
        (&json!(false), &json!("save"), &json!(1))
    );
    assert!(event["error"].as_str().is_some_and(|error| error.contains("init.lua:1:")), "{event}");

    let more = "pista.setup { max_tool_rounds = 12, history = 'h' }";
    home.init(&observing(&home, "second", more));
    piped.err.sees("needs a restart: history");
    assert!(until(|| told(&home, "second").len() == 1), "{:?}", told(&home, "second"));
    let event = &told(&home, "second")[0];
    assert_eq!(event["ok"], json!(true));
    assert_eq!(event["changes"], json!(["setting max_tool_rounds 10 → 12", "1 observer replaced (reload)"]));
    assert_eq!((&event["restart"], &event["files"]), (&json!(["history"]), &json!(["init.lua"])));
    assert_eq!(told(&home, "first").len(), 1, "the one that was replaced is told nothing");
}

#[test]
fn by_hand() {
    let home = Home::new();
    home.init("-- nothing");
    let mut piped = Piped::start(&home);
    piped.line("/reload");
    piped.out.sees("reloaded: generation 2: nothing changed");
    assert!(!piped.err.text().contains("reloaded"), "what was asked for is no notice");
    assert_eq!(piped.end(), Some(0));
}

#[test]
fn by_hand_in_vain() {
    let home = Home::new();
    home.init("-- nothing");
    let mut piped = Piped::start(&home);
    home.init("nonsense");
    piped.err.sees("not reloaded");
    piped.line("/reload");
    piped.err.sees("error: init.lua:1:");
    assert_eq!(piped.end(), Some(1));
}

#[test]
fn a_hang_up_ends_what_has_no_terminal() {
    let home = Home::new();
    let mut piped = Piped::start(&home);
    signal("HUP", piped.id());
    assert_eq!(piped.ended(), Some(130));
}

#[test]
fn flags_stay() {
    let home = Home::new();
    home.init("pista.setup { model = 'demo/a' }");
    let mut piped = Piped::command(home.command(["repl", "--model", "demo/flag"]));
    home.init("pista.setup { model = 'demo/b' }");
    piped.err.sees("reloaded");
    piped.line("/model");
    piped.out.sees("model demo/flag");
}

#[test]
fn what_is_live_in_lua_is_the_new_one() {
    let home = Home::new();
    home.init("function which() return 'first' end");
    let mut piped = Piped::start(&home);
    piped.says("=which()", "\"first\"");
    home.init("function which() return 'second' end\npista.command('hello', { help = 'x' }, function() return 'Hello!' end)");
    piped.err.sees("command /hello added");
    piped.says("=which()", "\"second\"");
    piped.says("/hello", "Hello!");
}
