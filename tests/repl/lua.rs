//! Lua in the live engine.

use crate::{PROMPT, answer, open, support::program::Home};

#[test]
fn values_are_printed_to_be_read() {
    let home = Home::new();
    let mut terminal = open(&home);
    for (typed, shown) in [
        ("=1 + 1", "2"),
        ("= 'text'", "\"text\""),
        ("=1, nil, true", "1, nil, true"),
        ("={1, 2, {a = 'b'}}", "{ 1, 2, { a = \"b\" } }"),
        ("/lua x = 5", ""),
        ("=x * 2", "10"),
        ("/lua print('printed', x)", "printed 5"),
        ("/lua return x", "5"),
    ] {
        assert_eq!(answer(&mut terminal, typed), shown);
    }
}

#[test]
fn functions_and_modules_can_be_looked_at() {
    let home = Home::new();
    let mut terminal = open(&home);
    let shown = answer(&mut terminal, "=pista");
    assert!(shown.contains("log = ") && shown.contains("function("), "{shown}");
    assert_eq!(answer(&mut terminal, "=pista.version"), format!("{:?}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_init_lua_made_is_there() {
    let home = Home::new();
    home.init("counter = 41\nfunction bump() counter = counter + 1 return counter end");
    let mut terminal = open(&home);
    assert_eq!(answer(&mut terminal, "=bump()"), "42");
    assert_eq!(answer(&mut terminal, "=counter"), "42");
}

#[test]
fn a_chunk_may_take_several_lines() {
    let home = Home::new();
    let mut terminal = open(&home);
    terminal.line("=function double(n)");
    terminal.at("…");
    terminal.line("  return n * 2");
    terminal.until("a second line", |screen| screen.text().ends_with("\n…   return n * 2\n…"));
    terminal.line("end");
    terminal.at(PROMPT);
    assert_eq!(answer(&mut terminal, "=double(21)"), "42");
    terminal.line("/lua for i = 1, 3 do");
    terminal.at("…");
    terminal.line("print(i)");
    terminal.line("end");
    terminal.sees("\n1\n2\n3\n›");
}

#[test]
fn errors_say_where() {
    let home = Home::new();
    let mut terminal = open(&home);
    let error = answer(&mut terminal, "=nothing.at_all");
    assert!(error.starts_with("repl:1: ") && error.contains("nothing"), "{error}");
    assert_eq!(answer(&mut terminal, "/lua local x = 1"), "");
    terminal.line("/lua do");
    terminal.at("…");
    terminal.line("error('here')");
    terminal.until("a second line", |screen| screen.text().ends_with("error('here')\n…"));
    terminal.line("end");
    terminal.sees("repl:2: here");
    terminal.at(PROMPT);
    let error = answer(&mut terminal, "=1 +* 2");
    assert!(error.starts_with("repl:1: ") && error.contains("near"), "{error}");
    assert_eq!(answer(&mut terminal, "=1"), "1");
}

#[test]
fn a_secret_is_not_shown() {
    let home = Home::new().env("MY_API_KEY", "sk-very-secret-value-0123456789");
    let mut terminal = open(&home);
    let shown = answer(&mut terminal, "=pista.secret('MY_API_KEY')");
    assert!(!shown.contains("very-secret"), "{shown}");
}
