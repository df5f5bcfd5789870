//! What stands behind the `?`, and percent signs.

use super::failure::Failure;
use std::fmt::Write;

/// The value of hex digit.
fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A part of a URL as it is meant. `plus`: a plus sign stands for a blank.
pub(super) fn decoded(part: &str, plus: bool) -> Result<String, Failure> {
    let bytes = part.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let two = bytes.get(at + 1).zip(bytes.get(at + 2));
                let two = two.and_then(|(high, low)| digit(*high).zip(digit(*low)));
                let (high, low) =
                    two.ok_or_else(|| Failure::bad(format!("{part:?}: a % is followed by two hex digits")))?;
                out.push(high * 16 + low);
                at += 2;
            }
            b'+' if plus => out.push(b' '),
            other => out.push(other),
        }
        at += 1;
    }
    String::from_utf8(out).map_err(|_| Failure::bad(format!("{part:?} is not UTF-8")))
}

/// A text as a part of a path.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The pairs of a query. Names that are not `known` are errors, and so is one that stands twice.
pub(super) fn pairs(query: &str, known: &[&str]) -> Result<Vec<(String, String)>, Failure> {
    let mut pairs: Vec<(String, String)> = vec![];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name, true)?, decoded(value, true)?);
        if !known.contains(&name.as_str()) {
            return Err(Failure::bad(format!("unknown parameter {name:?}; there is {}", known.join(", "))));
        }
        if pairs.iter().any(|(before, _)| *before == name) {
            return Err(Failure::bad(format!("the parameter {name:?} stands twice")));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_is_read() {
        assert_eq!(decoded("a%20b+c%C3%A9", true).unwrap(), "a b cé");
        assert_eq!(decoded("a+b", false).unwrap(), "a+b");
        assert_eq!(decoded(&encoded("a/b ?%é"), false).unwrap(), "a/b ?%é");
        for wrong in ["%", "%2", "%zz", "%+1", "%ff"] {
            assert!(decoded(wrong, true).is_err(), "{wrong}");
        }
        assert_eq!(pairs("wait=1&&user=a%26b", &["wait", "user"]).unwrap()[1].1, "a&b");
        assert!(pairs("weit=1", &["wait"]).is_err() && pairs("wait=1&wait=2", &["wait"]).is_err());
    }
}
