//! Text that comes from elsewhere, made such that every store and every server takes it.
//!
//! Two things are text to some programs and none to others: the character NUL, which strict servers
//! refuse in a request, and half of a surrogate pair, which JSON can write (`\ud83d`) and UTF-8 cannot.
//! Both become U+FFFD.

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;

/// Stands for what is not text.
pub const REPLACEMENT: char = '\u{fffd}';

/// `text` without NUL. Costs one search where there is none.
pub fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// JSON in which every half of a surrogate pair that stands alone is `\ufffd`.
pub fn mend_json(json: &str) -> Cow<'_, str> {
    replace_halves(json, |_| "\\ufffd".to_owned())
}

/// Reads JSON that another program wrote: halves of surrogate pairs become U+FFFD, where the reader
/// refuses the whole document for one.
///
/// # Errors
/// The text is no JSON of that shape.
pub fn from_json<T: DeserializeOwned>(json: &str) -> serde_json::Result<T> {
    serde_json::from_str(&mend_json(json))
}

/// The same for bytes.
///
/// # Errors
/// They are no JSON of that shape.
pub fn from_json_bytes<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(json) {
        Ok(text) => from_json(text),
        Err(_) => serde_json::from_slice(json),
    }
}

/// Whether there is nothing in a value that [`clean`] would change.
pub fn is_clean(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains('\0'),
        Value::Array(items) => items.iter().all(is_clean),
        Value::Object(map) => map.iter().all(|(name, value)| !name.contains('\0') && is_clean(value)),
        _ => true,
    }
}

/// A value whose texts are clean.
pub fn clean_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(items) => items.into_iter().map(clean_value).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(name, value)| (clean(name), clean_value(value))).collect()
        }
        other => other,
    }
}

/// Puts what `stand_in` makes of it in the place of each escaped half of a surrogate pair that has no
/// other half beside it.
pub fn replace_halves(json: &str, stand_in: impl Fn(u16) -> String) -> Cow<'_, str> {
    if !json.contains("\\ud") && !json.contains("\\uD") {
        return Cow::Borrowed(json);
    }
    let (mut out, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(found) = json[at..].find('\\') {
        at += found;
        let unit = escape(&json[at..]);
        let next = || unit.and_then(|_| escape(&json[at + ESCAPE..]));
        at += match unit {
            // What follows a backslash belongs to it, whatever it is.
            None => 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
            Some(unit) if !is_half(unit) => ESCAPE,
            Some(unit) if is_high(unit) && next().is_some_and(is_low) => 2 * ESCAPE,
            Some(unit) => {
                out.push_str(&json[kept..at]);
                out.push_str(&stand_in(unit));
                kept = at + ESCAPE;
                ESCAPE
            }
        };
    }
    if kept == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(&json[kept..]);
    Cow::Owned(out)
}

/// The length of `\uXXXX`.
const ESCAPE: usize = 6;

/// The code unit that `\uXXXX` at the start of `text` stands for.
fn escape(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

fn is_half(unit: u16) -> bool {
    (0xd800..=0xdfff).contains(&unit)
}

fn is_high(unit: u16) -> bool {
    (0xd800..=0xdbff).contains(&unit)
}

fn is_low(unit: u16) -> bool {
    (0xdc00..=0xdfff).contains(&unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_becomes_the_replacement() {
        assert_eq!(clean("a\0b\0".to_owned()), "a\u{fffd}b\u{fffd}");
        assert_eq!(clean("plain".to_owned()), "plain");
    }

    #[test]
    fn halves_are_mended_and_pairs_kept() {
        for (json, wanted) in [
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\uD83D\uDE00 ok""#, "😀 ok"),
            (r#""a\ud83db""#, "a\u{fffd}b"),
            (r#""\ude00""#, "\u{fffd}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""현\ud99c""#, "현\u{fffd}"),
            // An escaped backslash is no escape of a character.
            (r#""\\ud83d""#, "\\ud83d"),
            (r#""\\\ud83d""#, "\\\u{fffd}"),
        ] {
            assert_eq!(from_json::<String>(json).expect(json), wanted, "{json}");
        }
        for broken in [r#""\ud83"#, r#""\u"#, r#""\"#, "\\", "\\ud8", "\\\u{1f600}\\ud83d"] {
            assert!(from_json::<String>(broken).is_err(), "{broken}");
        }
    }
}
