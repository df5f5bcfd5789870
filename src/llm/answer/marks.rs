//! What a place in a text is the beginning of.

use super::{
    forms::{Declared, TAG_PREFIX, names_a_tool},
    token::{Look, Style, look},
};

/// What the info line of a code block says when the block may be a call.
pub(super) const CALL_FENCES: [&str; 7] = ["", "json", "tool_call", "tool_calls", "tool_code", "tool", "xml"];

/// Those that say that it is one.
pub(super) const TOOL_FENCES: [&str; 4] = ["tool_call", "tool_calls", "tool_code", "tool"];

/// The longest info line of a code block.
const MAX_INFO: usize = 40;

/// A call in words, as one family writes it.
const SPOKEN: &str = "[Calling tool";

/// What a place in the text is the beginning of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// Of nothing special.
    Nothing,
    /// More text is needed to tell.
    Perhaps,
    /// Of a call in marks.
    Mark(Mark),
    /// Of a mark without meaning, so long.
    Leftover(usize),
    /// Of JSON.
    Json,
    /// Of calls in brackets, as in Python; with where they begin.
    Bracketed(usize),
    /// Of a block of code; with the length of its first line.
    Fence(usize),
}

/// A mark that a call begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// What the mark is called that ends the call.
    pub(super) name: String,
    /// How long it is; 0 when it is a part of the call, as where it names the tool.
    pub(super) length: usize,
    /// It was never meant to be read.
    pub(super) special: bool,
}

/// Where in the text a place is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// At the start of a line.
    pub(super) blank: bool,
    /// Behind a call.
    pub(super) after_call: bool,
}

/// What `text` begins.
pub(super) fn begin(text: &str, place: Place, declared: &Declared<'_>) -> Begin {
    match text.as_bytes()[0] {
        b'<' => angle(text, place, declared),
        b']' if text.starts_with(TAG_PREFIX) => Begin::Leftover(TAG_PREFIX.len()),
        b']' if TAG_PREFIX.starts_with(text) => Begin::Perhaps,
        b'{' if place.blank => Begin::Json,
        b'[' => bracket(text, place, declared),
        b'`' if place.blank && text.starts_with("```") => match text.find('\n') {
            Some(end) => Begin::Fence(end + 1),
            None if text.len() < MAX_INFO => Begin::Perhaps,
            None => Begin::Nothing,
        },
        b'`' if place.blank && "```".starts_with(text) => Begin::Perhaps,
        _ => Begin::Nothing,
    }
}

/// Whether what is left at the very end of an answer is a mark that was broken off.
pub(super) fn is_broken_mark(text: &str) -> bool {
    matches!(look(&format!("{text}>")), Look::Token(token) if token.is_call() && token.style == Style::Special)
}

fn angle(text: &str, place: Place, declared: &Declared<'_>) -> Begin {
    let token = match look(text) {
        Look::Nothing => return Begin::Nothing,
        Look::Perhaps => return Begin::Perhaps,
        Look::Token(token) => token,
    };
    if token.closing || token.ends_turn() {
        let meaningless = token.ends_turn() || place.after_call && token.is_call();
        return if meaningless && token.length > 0 { Begin::Leftover(token.length) } else { Begin::Nothing };
    }
    let named = names_a_tool(&token, declared);
    if !token.is_call() && !named {
        return Begin::Nothing;
    }
    let length = if named { 0 } else { token.length };
    Begin::Mark(Mark { name: token.name, length, special: token.style == Style::Special })
}

fn bracket(text: &str, place: Place, declared: &Declared<'_>) -> Begin {
    if let Some(rest) = text.strip_prefix(SPOKEN) {
        return match rest.find([':', ']', '\n']) {
            Some(at) if rest[at..].starts_with(':') => Begin::Bracketed(SPOKEN.len() + at + 1),
            None if text.len() < SPOKEN.len() + MAX_INFO => Begin::Perhaps,
            _ => Begin::Nothing,
        };
    }
    match look(text) {
        Look::Token(token) if token.is_call() && !token.closing => {
            return Begin::Mark(Mark { name: token.name, length: token.length, special: true });
        }
        Look::Token(token) if token.is_call() && place.after_call => return Begin::Leftover(token.length),
        Look::Perhaps => return Begin::Perhaps,
        _ if SPOKEN.starts_with(text) => return Begin::Perhaps,
        _ => {}
    }
    if !place.blank {
        return Begin::Nothing;
    }
    let inner = text[1..].trim_start();
    match inner.chars().next() {
        None => Begin::Perhaps,
        Some('{') => Begin::Json,
        Some(c) if c.is_alphabetic() || c == '_' => python(inner, declared),
        Some(_) => Begin::Nothing,
    }
}

/// `NAME(` behind a bracket, where a tool of that name is on offer.
fn python(inner: &str, declared: &Declared<'_>) -> Begin {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    match inner.find(|c| !is_part(c)) {
        None if inner.len() < crate::llm::names::Names::MAX => Begin::Perhaps,
        Some(end) if inner[end..].starts_with('(') && declared.offers(&inner[..end]) => Begin::Bracketed(0),
        _ => Begin::Nothing,
    }
}

/// Whether JSON that begins so may be a call: its first key is one that calls have, or a tool's name.
pub(super) fn may_be_call(text: &str, declared: &Declared<'_>) -> bool {
    let text = text.trim_start();
    let text = text.strip_prefix('[').map_or(text, str::trim_start);
    if text.is_empty() {
        return true;
    }
    let Some(inner) = text.strip_prefix('{').map(str::trim_start) else { return false };
    match inner.strip_prefix(['"', '\'']) {
        Some(key) => match key.split_once(['"', '\'']) {
            Some((key, _)) => KEYS.contains(&key) || declared.offers(key),
            None => KEYS.iter().any(|known| known.starts_with(key)) || declared.may_become(key),
        },
        None => inner.is_empty(),
    }
}

const KEYS: [&str; 16] = [
    "name",
    "arguments",
    "parameters",
    "function",
    "tool",
    "tool_name",
    "tool_call",
    "tool_calls",
    "tool_call_id",
    "type",
    "id",
    "args",
    "input",
    "action",
    "action_input",
    "function_call",
];
