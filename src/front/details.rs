//! All of a call's arguments, for a person who is asked whether it may run.

use super::label::shown;
use crate::domain::JsonMap;
use serde_json::Value;
use std::fmt::Write;

/// What the call's label does not show in full: one argument a line, and texts of several lines
/// as a block. Nothing is left out, and what a terminal would not print is spelled out.
pub(super) fn details(args: &JsonMap) -> String {
    let told = shown(args).filter(|(_, detail)| visible(detail) == *detail && !detail.contains(['\n', '\t']));
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
                for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
                    let _ = writeln!(out, "  │ {}", visible(line));
                }
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

/// `text` with an escape such as `\u{1b}` for each character that can't be seen. Line ends and
/// tabs stay.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if super::label::is_hostile(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
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
        assert_eq!(of(json!({"path": "x", "content": "a\r\nb\n"})), "  content:\n  │ a\\r\n  │ b\n");
        assert_eq!(of(json!({"argv": ["a\tb"]})), "  argv: [\"a\\tb\"]\n");
    }
}
