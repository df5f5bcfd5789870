//! The words of questions and answers.

use super::MAX_QUESTION_CHARS;
use crate::domain::{
    approval::ApprovalRequest,
    call_text::{LABEL_CHARS, call_label, details},
    cut,
    id::CallId,
};
use std::fmt::Write;

/// `yes`, `no`, `yes abcdef`, `no abcdef`.
pub(super) fn read(text: &str) -> Option<(bool, Option<String>)> {
    let text = text.trim().trim_end_matches(['.', '!']).to_ascii_lowercase();
    let mut words = text.split_whitespace();
    let yes = match words.next()? {
        "yes" | "y" => true,
        "no" | "n" => false,
        _ => return None,
    };
    let id = words.next();
    let fits = id.is_none_or(|id| id.len() == ID_LETTERS && id.bytes().all(|b| b.is_ascii_lowercase()));
    (fits && words.next().is_none()).then(|| (yes, id.map(str::to_owned)))
}

/// Letters of an id: 300 million ids, of which a person can only answer those that are theirs.
const ID_LETTERS: usize = 6;

/// A fresh id.
pub(super) fn letters() -> String {
    let random = CallId::generate();
    // Its end is random, in 32 signs: two of them make a letter.
    let tail: Vec<u32> = random.as_str().bytes().rev().take(2 * ID_LETTERS).map(u32::from).collect();
    let letter = |pair: &[u32]| (pair.iter().fold(0, |sum, sign| sum * 32 + sign % 32) % 26) as u8;
    tail.chunks(2).map(|pair| char::from(b'a' + letter(pair))).collect()
}

/// The call, all of it, with what cannot be seen spelled out: in one line, as at a terminal, and below it
/// what that does not show whole.
pub(super) fn shown(request: &ApprovalRequest) -> Result<String, String> {
    let ApprovalRequest { call, reason, context } = request;
    let mut what = cut::title(&visible(&call_label(&call.name, &call.args)), LABEL_CHARS);
    for line in details(&call.args).lines() {
        // The bar is ours: it tells lines of a text from arguments.
        let (mark, text) = line.strip_prefix("  │").map_or(("", line), |text| ("  |", text));
        what += &format!("\n{mark}{}", visible(text));
    }
    let length = what.chars().count();
    if length > MAX_QUESTION_CHARS {
        return Err(format!(
            "the call is too long to be shown whole in a message: {length} characters, and at most \
             {MAX_QUESTION_CHARS} can be asked about"
        ));
    }
    let agent = visible(&context.agent);
    let who = visible(&format!("{}:{}", context.origin.channel, context.origin.user));
    Ok(format!("{agent} wants to run {what}\nfor {who}, because {}", visible(reason)))
}

fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Letters that show as nothing, or as a blank.
        let filler = matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
        let plain = if c.is_ascii() { !c.is_ascii_control() } else { c.is_alphanumeric() && !filler };
        if plain {
            out.push(c);
        } else {
            // Writing to a String can't fail.
            let _ = write!(out, "{}", c.escape_unicode());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{call::ToolCall, envelope::Origin, hook::TurnContext};
    use serde_json::json;

    #[test]
    fn only_an_answer_is_one() {
        assert_eq!(read(" Yes. "), Some((true, None)));
        assert_eq!(read("no abcdef"), Some((false, Some("abcdef".into()))));
        for text in ["yes please do", "yes, abcdef", "nope", "no 123456", "yes abcd", "abcdef", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    fn of(args: serde_json::Value) -> String {
        let serde_json::Value::Object(args) = args else { panic!("an object") };
        let context = TurnContext {
            session: "s".into(),
            turn: "t".into(),
            agent: "main".into(),
            origin: Origin { channel: "phone".into(), user: "ada".into() },
            depth: 0,
        };
        let call = ToolCall::new("system.run", args);
        shown(&ApprovalRequest { call, context, reason: "it asks".into() }).unwrap()
    }

    #[test]
    fn calls_read_like_commands_and_nothing_is_hidden() {
        let end = "\nfor phone:ada, because it asks";
        for (args, text) in [
            (json!({"argv": ["git", "commit", "-m", "it's"]}), r"git commit -m 'it'\''s'"),
            (json!({"command": "ls | wc -l", "cwd": "/tmp"}), "ls | wc -l\n  cwd: /tmp"),
            (json!({"command": "ls\nrm x"}), "ls rm x\n  command:\n  | ls\n  | rm x"),
            (json!({"argv": ["a\nfor phone:eve"]}), "'a for phone:eve'\n  argv: [\"a\\nfor phone:eve\"]"),
            (json!({"argv": ["r\u{202e}m"]}), "'rm'\n  argv: [\"r\\u{202e}m\"]"),
        ] {
            assert_eq!(of(args), format!("main wants to run system.run {text}{end}"));
        }
    }

    #[test]
    fn names_of_questions_are_letters() {
        for _ in 0..100 {
            let id = letters();
            assert!(id.len() == ID_LETTERS && id.bytes().all(|b| b.is_ascii_lowercase()), "{id}");
        }
    }
}
