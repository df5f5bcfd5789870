//! The forms of the results: what others read has to be readable.

use super::{INIT, support::program::Home, support::terminal::Terminal};
use serde_json::json;

fn home() -> Home {
    let home = Home::new();
    home.init(INIT);
    home.write(
        &home.config().join("a_spec.lua"),
        "describe('<group> & \"co\"', function()
           it('passes', function() end)
           it('fails # 1', function() expect('a\\1\\n]]>').to_be('b') end)
           it('waits')
         end)",
    );
    home
}

#[test]
fn json_has_a_line_for_each_spec_and_a_summary() {
    let ran = home().run(["test", "--json"]).code(1);
    let lines = ran.json();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["status"], "passed");
    assert_eq!(lines[0]["name"], json!(["<group> & \"co\"", "passes"]));
    assert_eq!(
        (&lines[1]["status"], &lines[1]["failure"]["location"]),
        (&json!("failed"), &json!("a_spec.lua:3"))
    );
    assert_eq!(lines[1]["failure"]["expectation"], true);
    assert_eq!((&lines[2]["status"], &lines[2]["reason"]), (&json!("skipped"), &json!("not written yet")));
    assert_eq!(lines[3], json!({ "type": "summary", "passed": 1, "failed": 1, "skipped": 1 }));
}

#[test]
fn tap_is_tap() {
    let out = home().run(["test", "--format", "tap"]).code(1).out;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "TAP version 14");
    assert!(lines[1].starts_with("ok 1 - a_spec.lua"), "{out}");
    assert!(lines[2].starts_with("not ok 2 - ") && lines[2].contains("fails \\# 1"), "{out}");
    assert_eq!((lines[3], lines[4]), ("  ---", "  at: \"a_spec.lua:3\""));
    assert!(out.contains("ok 3 - ") && out.contains("# SKIP not written yet"), "{out}");
    assert_eq!(*lines.last().expect("a plan"), "1..3");
}

/// Elements and attributes of a document, or where it stops being well-formed.
fn parse_xml(text: &str) -> Result<Vec<String>, String> {
    let (mut open, mut found) = (vec![], vec![]);
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").ok_or("no declaration")?;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        if text.contains('>') || text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(format!("odd text {text:?}"));
        }
        let end = rest[at..].find('>').ok_or("a tag without an end")? + at;
        let tag = &rest[at + 1..end];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing"));
            }
        } else {
            let name = tag.trim_end_matches('/').split(' ').next().unwrap_or_default();
            if tag.matches('"').count() % 2 != 0 || tag.contains('<') {
                return Err(format!("odd tag {tag:?}"));
            }
            found.push(tag.to_owned());
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        rest = &rest[end + 1..];
    }
    for entity in text.split('&').skip(1) {
        let name = entity.split(';').next().unwrap_or_default();
        if !["amp", "lt", "gt", "quot", "#10", "#9"].contains(&name) {
            return Err(format!("odd entity {name:?}"));
        }
    }
    if open.is_empty() { Ok(found) } else { Err(format!("{open:?} stay open")) }
}

#[test]
fn junit_is_well_formed() {
    let out = home().run(["test", "--format", "junit"]).code(1).out;
    let tags = parse_xml(&out).unwrap_or_else(|why| panic!("{why}\n{out}"));
    assert!(
        tags[0].starts_with("testsuites name=\"openpista\" tests=\"3\" failures=\"1\" skipped=\"1\""),
        "{out}"
    );
    assert_eq!(tags.iter().filter(|tag| tag.starts_with("testcase ")).count(), 3);
    assert!(tags.iter().any(|tag| tag.starts_with("failure type=\"expectation\"")), "{out}");
}

#[test]
fn a_terminal_gets_a_tree() {
    let home = home();
    let mut terminal = Terminal::start(home.command(["test"]));
    let shown = terminal.sees("1 passed, 1 failed, 1 skipped");
    assert_eq!(terminal.code(), Some(1));
    for part in ["✓ passes", "✗ fails # 1", "○ waits (not written yet)", "a_spec.lua:3", "1) <group>"] {
        assert!(shown.contains(part), "{part:?} in {shown}");
    }
}
