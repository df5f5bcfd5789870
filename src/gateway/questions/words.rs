//! The words of questions and answers.

use super::MAX_QUESTION_CHARS;
use crate::domain::{approval::ApprovalRequest, id::CallId};
use serde_json::Value;
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

/// The call, all of it, with what cannot be seen spelled out.
pub(super) fn shown(request: &ApprovalRequest) -> Result<String, String> {
    let ApprovalRequest { call, reason, context } = request;
    let args = visible(&Value::Object(call.args.clone()).to_string());
    let length = args.chars().count();
    if length > MAX_QUESTION_CHARS {
        return Err(format!(
            "the call is too long to be shown whole in a message: {length} characters, and at most \
             {MAX_QUESTION_CHARS} can be asked about"
        ));
    }
    let (name, agent) = (visible(&call.name), visible(&context.agent));
    let who = visible(&format!("{}:{}", context.origin.channel, context.origin.user));
    Ok(format!("{agent} wants to run {name} {args}\nfor {who}, because {}", visible(reason)))
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

    #[test]
    fn only_an_answer_is_one() {
        assert_eq!(read(" Yes. "), Some((true, None)));
        assert_eq!(read("no abcdef"), Some((false, Some("abcdef".into()))));
        for text in ["yes please do", "yes, abcdef", "nope", "no 123456", "yes abcd", "abcdef", ""] {
            assert_eq!(read(text), None, "{text}");
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
