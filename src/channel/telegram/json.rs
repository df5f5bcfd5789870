//! JSON of other programs, read leniently.

use serde_json::{Value, value::RawValue};

/// The elements of a list, each read by itself: one that is broken takes no other along. `Err`: its
/// source.
pub(super) fn elements(list: &RawValue) -> Vec<Result<Value, &str>> {
    let raw: Vec<&RawValue> = serde_json::from_str(list.get()).unwrap_or_default();
    raw.into_iter().map(|raw| value(raw.get()).ok_or(raw.get())).collect()
}

/// Reads a value. Halves of surrogate pairs, which JSON can hold and no text can, are replaced.
pub(super) fn value(text: &str) -> Option<Value> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&mended(text))).ok()
}

/// The same JSON, with U+FFFD for each half of a surrogate pair that stands alone.
fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let unit = escape.strip_prefix("\\u").and_then(hex);
        let length = match unit {
            Some(0xd800..0xdc00) => {
                let low = escape.get(6..).and_then(|next| next.strip_prefix("\\u")).and_then(hex);
                if low.is_some_and(|low| (0xdc00..0xe000).contains(&low)) {
                    out.push_str(&escape[..12]);
                    12
                } else {
                    out.push_str("\\ufffd");
                    6
                }
            }
            Some(0xdc00..0xe000) => {
                out.push_str("\\ufffd");
                6
            }
            // A backslash and what it escapes.
            _ => {
                let length = 1 + escape[1..].chars().next().map_or(0, char::len_utf8);
                out.push_str(&escape[..length]);
                length
            }
        };
        rest = &escape[length..];
    }
    out.push_str(rest);
    out
}

fn hex(text: &str) -> Option<u32> {
    u32::from_str_radix(text.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_pairs_are_replaced() {
        let text = r#"{"a":"\ud83d","b":"\ud83d\ude00","c":"\\ud83d \" \ude00é","d":"\ud83dx"}"#;
        let value = value(text).expect("JSON");
        assert_eq!(value["a"], "\u{fffd}");
        assert_eq!(value["b"], "😀");
        assert_eq!(value["c"], "\\ud83d \" \u{fffd}é");
        assert_eq!(value["d"], "\u{fffd}x");
    }

    #[test]
    fn a_broken_element_takes_no_other_along() {
        let list = serde_json::from_str::<&RawValue>(r#"[1, "\ud83d", 1e999, 2]"#).expect("JSON");
        let read: Vec<bool> = elements(list).iter().map(Result::is_ok).collect();
        assert_eq!(read, [true, true, false, true]);
    }
}
