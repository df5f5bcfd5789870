//! Surrogate pairs whose halves arrive in two pieces of a stream.
//!
//! A server that cuts its text by UTF-16 units sends `"\ud83d"` in one event and `"\ude00"` in the
//! next. A half cannot be in a string, so it travels as a mark until the other half is there.

use crate::domain::text::REPLACEMENT;
use serde_json::Value;
use std::borrow::Cow;

/// Begins a mark. A noncharacter: no text that is meant to be read holds it.
const MARK: char = '\u{fdd0}';

/// The character behind [`MARK`] is a private one: this, and how far the half is from the first one.
const BASE: u32 = 0xe000;

/// The surrogates: the high ones, then the low ones.
const FIRST: u16 = 0xd800;
const LAST: u16 = 0xdfff;

/// The mark of a half, in the form of JSON escapes.
pub(in crate::llm) fn half_mark(unit: u16) -> String {
    format!("\\u{:04x}\\u{:04x}", u32::from(MARK), BASE + u32::from(unit.saturating_sub(FIRST)))
}

/// One text that arrives in pieces.
#[derive(Debug, Default)]
pub(super) struct Halves {
    /// The first half of a pair, whose second may come in the next piece.
    held: Option<u16>,
}

impl Halves {
    /// A piece without marks: pairs are joined, also with the piece before, and a half whose other half
    /// does not follow is U+FFFD.
    pub(super) fn join<'t>(&mut self, piece: &'t str) -> Cow<'t, str> {
        if piece.is_empty() || self.held.is_none() && !piece.contains(MARK) {
            return Cow::Borrowed(piece);
        }
        let mut out = String::with_capacity(piece.len() + MARK.len_utf8());
        let mut chars = piece.chars().peekable();
        while let Some(c) = chars.next() {
            match (c == MARK).then(|| chars.next_if(|c| half(*c).is_some())).flatten().and_then(half) {
                Some(unit) => self.take(unit, &mut out),
                None => {
                    out.extend(self.end());
                    out.push(c);
                }
            }
        }
        Cow::Owned(out)
    }

    fn take(&mut self, unit: u16, out: &mut String) {
        let pair = self.held.map(|high| char::decode_utf16([high, unit]).next());
        match pair {
            Some(Some(Ok(c))) => {
                self.held = None;
                out.push(c);
            }
            _ => {
                out.extend(self.end());
                match char::decode_utf16([unit, LAST]).next() {
                    Some(Ok(_)) => self.held = Some(unit),
                    _ => out.push(REPLACEMENT),
                }
            }
        }
    }

    /// Nothing more comes: what is left of a half.
    pub(super) fn end(&mut self) -> Option<char> {
        self.held.take().map(|_| REPLACEMENT)
    }
}

/// The half that a private character behind [`MARK`] stands for.
fn half(c: char) -> Option<u16> {
    let unit = u16::try_from(u32::from(c).checked_sub(BASE)? + u32::from(FIRST)).ok()?;
    (FIRST..=LAST).contains(&unit).then_some(unit)
}

/// A text that is whole.
pub(super) fn whole(text: &str) -> Cow<'_, str> {
    let mut halves = Halves::default();
    let joined = halves.join(text);
    match halves.end() {
        Some(end) => Cow::Owned(joined.into_owned() + end.encode_utf8(&mut [0; 4])),
        None => joined,
    }
}

/// A value whose texts are whole.
pub(super) fn whole_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(whole(text).into_owned()),
        Value::Array(items) => items.iter().map(whole_value).collect(),
        Value::Object(map) => {
            map.iter().map(|(name, value)| (whole(name).into_owned(), whole_value(value))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(unit: u16) -> String {
        serde_json::from_str(&format!("\"{}\"", half_mark(unit))).expect("JSON")
    }

    fn joined(pieces: &[String]) -> String {
        let mut halves = Halves::default();
        let mut out: String = pieces.iter().map(|piece| halves.join(piece).into_owned()).collect();
        out.extend(halves.end());
        out
    }

    #[test]
    fn halves_find_each_other_across_pieces() {
        let (high, low) = (&mark(0xd83d), &mark(0xde00));
        let empty = String::new;
        for (pieces, wanted) in [
            (vec![high.clone(), low.clone()], "😀"),
            (vec![format!("a{high}"), empty(), format!("{low}b")], "a😀b"),
            (vec![format!("{high}{low}")], "😀"),
            (vec![high.clone(), "x".into()], "\u{fffd}x"),
            (vec![low.clone(), high.clone()], "\u{fffd}\u{fffd}"),
            (vec![format!("{high}{high}"), low.clone()], "\u{fffd}😀"),
            (vec![format!("현{high}")], "현\u{fffd}"),
            (vec!["plain".into()], "plain"),
            // No marks, though they look alike.
            (vec!["\u{fdd0}x\u{e000}\u{fdd0}".into()], "\u{fdd0}x\u{e000}\u{fdd0}"),
        ] {
            assert_eq!(joined(&pieces), wanted, "{pieces:?}");
        }
    }

    #[test]
    fn every_pair_can_be_joined() {
        for c in ['\u{10000}', '\u{10ffff}', '😀', '𝄞'] {
            let mut units = [0; 2];
            c.encode_utf16(&mut units);
            assert_eq!(joined(&units.map(mark)), c.to_string());
        }
    }
}
