//! All of a call's arguments, for a person who is asked whether it may run.

use super::label::{LABEL_CHARS, is_hostile, shown};
use crate::domain::JsonMap;
use serde_json::Value;
use std::fmt::Write;

/// What a tool's name takes of the label.
const ROOM: usize = 70;
/// More blanks in a row are counted rather than shown.
const LONGEST_BLANK: usize = 60;
/// More empty lines in a row are counted rather than shown.
const MOST_EMPTY: usize = 4;

/// What the call's label does not show in full: one argument a line, and texts of several lines
/// as a block. Nothing is left out, and what a terminal would not print is spelled out.
pub fn details(args: &JsonMap) -> String {
    let whole = |detail: &str| {
        visible(detail) == detail
            && !detail.contains(['\n', '\t'])
            && detail.chars().count() < LABEL_CHARS - ROOM
    };
    let told = shown(args).filter(|(_, detail)| whole(detail));
    let mut out = String::new();
    for (key, value) in args {
        if told.as_ref().is_some_and(|(shown, _)| shown == key) {
            continue;
        }
        let key = visible(key);
        // Writing to a String can't fail.
        match value {
            Value::String(text) if text.contains('\n') => {
                let _ = writeln!(out, "  {key}:");
                block(text.strip_suffix('\n').unwrap_or(text), &mut out);
            }
            Value::String(text) => {
                let _ = writeln!(out, "  {key}: {}", visible(text));
            }
            other => {
                let _ = writeln!(out, "  {key}: {}", visible(&other.to_string()));
            }
        }
    }
    out
}

/// A text of several lines. Empty ones are counted rather than shown where they would only push what
/// stands above them off the screen.
fn block(text: &str, out: &mut String) {
    let mut empty = 0;
    let blanks = |count: usize, out: &mut String| match count {
        0..=MOST_EMPTY => out.push_str(&"  │\n".repeat(count)),
        _ => out.push_str(&format!("  │ [{count} empty lines]\n")),
    };
    for line in text.split('\n') {
        if line.trim().is_empty() {
            empty += 1;
            continue;
        }
        blanks(std::mem::take(&mut empty), out);
        let _ = writeln!(out, "  │ {}", visible(line));
    }
    blanks(empty, out);
}

/// `text` with an escape such as `\u{1b}` for each character that can't be seen, and a remark for long
/// blanks. Line ends and tabs stay.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let blank = rest.len() - rest.trim_start_matches(' ').len();
        if blank > LONGEST_BLANK {
            let _ = write!(out, "[{blank} blanks]");
            rest = &rest[blank..];
        } else if blank > 0 {
            out.push_str(&rest[..blank]);
            rest = &rest[blank..];
        } else {
            if is_hostile(c) || is_unseen(c) {
                out.extend(c.escape_unicode())
            } else {
                out.push(c)
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Whether a character takes no room, or looks like a blank, and could make one text pass for another.
fn is_unseen(c: char) -> bool {
    let other_blank = c.is_whitespace() && !matches!(c, ' ' | '\n' | '\t');
    other_blank
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(args: Value) -> String {
        details(args.as_object().expect("an object"))
    }

    #[test]
    fn what_the_label_shows_is_not_repeated() {
        assert_eq!(of(json!({"argv": ["ls", "-l"]})), "");
        assert_eq!(of(json!({"command": "ls", "cwd": "/tmp", "timeout": 3})), "  cwd: /tmp\n  timeout: 3\n");
    }

    #[test]
    fn nothing_is_hidden() {
        assert_eq!(of(json!({"command": "ls\nrm -r /"})), "  command:\n  │ ls\n  │ rm -r /\n");
        assert_eq!(of(json!({"command": "ls \u{1b}[8m; rm"})), "  command: ls \\u{1b}[8m; rm\n");
        assert_eq!(of(json!({"path": "x", "content": "a\r\nb\n"})), "  content:\n  │ a\\u{d}\n  │ b\n");
        assert_eq!(of(json!({"argv": ["rm", "a\u{200b}b"]})), "  argv: [\"rm\",\"a\\u{200b}b\"]\n");
        assert_eq!(
            of(json!({"argv": ["rm", "a\u{3164}\u{a0}"]})),
            "  argv: [\"rm\",\"a\\u{3164}\\u{a0}\"]\n"
        );
        let far = format!("ls{}; rm", " ".repeat(5_000));
        assert_eq!(of(json!({"command": far})), "  command: ls[5000 blanks]; rm\n");
        let deep = format!("ls{}rm", "\n".repeat(5_000));
        assert_eq!(of(json!({"command": deep})), "  command:\n  │ ls\n  │ [4999 empty lines]\n  │ rm\n");
        let long = "x".repeat(1_000);
        assert_eq!(of(json!({"argv": ["echo", long]})), format!("  argv: [\"echo\",\"{long}\"]\n"));
        assert_eq!(of(json!({"argv": ["a\tb"]})), "  argv: [\"a\\tb\"]\n");
    }
}
