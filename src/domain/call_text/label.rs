//! One-line forms of calls, safe to print.

use crate::domain::JsonMap;
use serde_json::Value;

/// Characters of a call's one-line form where a person decides about it.
pub const LABEL_CHARS: usize = 300;

/// `text` without control characters, so that what a model or a command says can't drive the
/// terminal. Line ends and tabs stay.
pub fn printable(text: &str) -> String {
    if !text.contains(is_hostile) {
        return text.to_owned();
    }
    text.chars().filter(|&c| !is_hostile(c)).collect()
}

/// Whether a character can drive the terminal, or make a line read as something that it isn't.
pub(super) fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The argument that says most of what a call does, and how it is shown.
pub(super) fn shown(args: &JsonMap) -> Option<(&str, String)> {
    if let Some(words) = args.get("argv").and_then(Value::as_array) {
        return Some(("argv", words.iter().map(word).collect::<Vec<_>>().join(" ")));
    }
    let keys = ["command", "path", "pattern", "url", "query", "code"];
    keys.iter().find_map(|key| Some((*key, args.get(*key)?.as_str()?.to_owned())))
}

/// A call in one line: `system.run du -k -d 1 .`.
pub fn call_label(name: &str, args: &JsonMap) -> String {
    let detail = match shown(args) {
        Some((_, detail)) => detail,
        None if args.is_empty() => String::new(),
        None => Value::Object(args.clone()).to_string(),
    };
    let lines = detail.split(['\n', '\t']).map(str::trim).filter(|line| !line.is_empty());
    let line = std::iter::once(name).chain(lines).collect::<Vec<_>>().join(" ");
    printable(&line)
}

fn word(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn label(name: &str, args: Value) -> String {
        call_label(name, args.as_object().expect("an object"))
    }

    #[test]
    fn labels_read_like_commands() {
        assert_eq!(
            label("system.run", json!({"argv": ["git", "commit", "-m", "it's"]})),
            r"system.run git commit -m 'it'\''s'"
        );
        assert_eq!(label("system.run", json!({"command": "ls\nrm"})), "system.run ls rm");
        assert_eq!(label("fs.read", json!({"path": "a", "limit": 3})), "fs.read a");
        assert_eq!(label("x.y", json!({})), "x.y");
    }

    #[test]
    fn nothing_that_is_shown_can_drive_the_terminal() {
        assert_eq!(printable("a\x1b[2J\u{202e}b\nc\u{9b}"), "a[2Jb\nc");
    }
}
