//! How many values there are in a JSON text, told before it is parsed.

/// About how many JSON values a text holds: names, elements and containers. Reads it once, keeps nothing.
pub fn values(json: &[u8]) -> usize {
    let mut count = 1;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' | b':' | b'[' | b'{' => count += 1,
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    count
}

/// Goes on behind the end of a string that has begun.
fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_and_what_is_in_strings_is_not() {
        for (json, count) in [
            ("", 1),
            ("7", 1),
            ("[1,2,3]", 4),
            (r#"{"a":1,"b":[]}"#, 6),
            (r#""[,,,{\",[""#, 1),
            (r#"["\\",1]"#, 3),
            (r#""never closed [[["#, 1),
            ("[[[", 4),
        ] {
            assert_eq!(values(json.as_bytes()), count, "{json}");
        }
    }
}
