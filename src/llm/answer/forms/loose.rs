//! Values as Python and other languages write them: `{'path': "/a", n: 3, ok: True, none: None}`.

use crate::domain::JsonMap;
use serde_json::Value;

/// How deep values may be nested.
const MAX_DEPTH: u32 = 64;

/// The value that `text` is, from its first to its last character.
pub(in crate::llm::answer) fn value(text: &str) -> Option<Value> {
    let mut reader = Reader::new(text);
    let value = reader.value()?;
    reader.at_end().then_some(value)
}

/// Reads values one after the other.
pub(super) struct Reader<'t> {
    rest: &'t str,
    depth: u32,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text, depth: MAX_DEPTH }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    pub(super) fn at_end(&mut self) -> bool {
        self.blanks();
        self.rest.is_empty()
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `mark`, if it is next.
    pub(super) fn takes(&mut self, mark: &str) -> bool {
        self.blanks();
        let behind = self.rest.strip_prefix(mark);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    /// A name, as of a function or a key.
    pub(super) fn word(&mut self) -> Option<&'t str> {
        self.blanks();
        let is_part = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        word.starts_with(|c: char| c.is_alphabetic() || c == '_').then(|| {
            self.rest = rest;
            word
        })
    }

    pub(super) fn value(&mut self) -> Option<Value> {
        self.depth = self.depth.checked_sub(1)?;
        self.blanks();
        let value = match self.rest.chars().next()? {
            '{' => self.object()?,
            '[' => self.list("[", "]")?,
            '(' => self.list("(", ")")?,
            '"' | '\'' => Value::String(self.string()?),
            c if c.is_ascii_digit() || c == '-' => self.number()?,
            _ => match self.word()? {
                "true" | "True" => true.into(),
                "false" | "False" => false.into(),
                "null" | "None" | "nil" => Value::Null,
                _ => return None,
            },
        };
        self.depth += 1;
        Some(value)
    }

    fn object(&mut self) -> Option<Value> {
        let mut map = JsonMap::new();
        self.takes("{");
        while !self.takes("}") {
            let key = match self.rest.starts_with(['"', '\'']) {
                true => self.string()?,
                false => self.word()?.to_owned(),
            };
            if !self.takes(":") && !self.takes("=") {
                return None;
            }
            map.insert(key, self.value()?);
            self.next("}")?;
        }
        Some(Value::Object(map))
    }

    fn list(&mut self, open: &str, close: &str) -> Option<Value> {
        let mut items = Vec::new();
        self.takes(open);
        while !self.takes(close) {
            items.push(self.value()?);
            self.next(close)?;
        }
        Some(Value::Array(items))
    }

    /// Named arguments up to the closing parenthesis; one value without a name is `None`.
    pub(super) fn named(&mut self) -> Option<JsonMap> {
        let mut map = JsonMap::new();
        while !self.takes(")") {
            let key = self.word()?;
            if !self.takes("=") {
                return None;
            }
            map.insert(key.to_owned(), self.value()?);
            self.next(")")?;
        }
        Some(map)
    }

    /// A comma, or what ends the list, which stays.
    fn next(&mut self, close: &str) -> Option<()> {
        (self.takes(",") || {
            self.blanks();
            self.rest.starts_with(close)
        })
        .then_some(())
    }

    fn number(&mut self) -> Option<Value> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        let number: serde_json::Number = serde_json::from_str(number).ok()?;
        self.rest = rest;
        Some(number.into())
    }

    fn string(&mut self) -> Option<String> {
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| self.rest.starts_with(quote))?;
        let body = &self.rest[quote.len()..];
        let mut out = String::new();
        let mut at = 0;
        loop {
            let left = &body[at..];
            if let Some(rest) = left.strip_prefix(quote) {
                self.rest = rest;
                return Some(out);
            }
            let c = left.chars().next()?;
            at += c.len_utf8();
            if c == '\\' {
                let escaped = &body[at..];
                at += escape(escaped, &mut out)?;
            } else {
                out.push(c);
            }
        }
    }
}

/// Reads what stands behind a backslash; returns how long it is.
fn escape(text: &str, out: &mut String) -> Option<usize> {
    let c = text.chars().next()?;
    let plain = match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        '\\' | '"' | '\'' | '/' => c,
        'x' => char::from(u8::from_str_radix(text.get(1..3)?, 16).ok()?),
        'u' => {
            // Pairs and their halves are JSON's business.
            let length = match text.get(5..7) {
                Some("\\u") => 11,
                _ => 5,
            };
            let json = format!("\"\\{}\"", text.get(..length)?);
            out.push_str(&crate::domain::text::from_json::<String>(&json).ok()?);
            return Some(length);
        }
        '\n' => return Some(1),
        other => {
            out.extend(['\\', other]);
            return Some(other.len_utf8());
        }
    };
    out.push(plain);
    Some(if c == 'x' { 3 } else { 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_other_languages() {
        for (text, wanted) in [
            ("{'a': 'b'}", json!({"a": "b"})),
            ("{a: 1, b-c = [True, None, (1, 2,)],}", json!({"a": 1, "b-c": [true, null, [1, 2]]})),
            (r#"'it\'s "so"\n\x41\u00e9 \d'"#, json!("it's \"so\"\nAé \\d")),
            (r#""\ud83d\ude00 \ud83d""#, json!("😀 \u{fffd}")),
            ("'''two\nlines'''", json!("two\nlines")),
            ("-1.5e3", json!(-1500.0)),
            (" [ ] ", json!([])),
        ] {
            assert_eq!(value(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_value() {
        for text in
            ["", "{", "{'a'", "{'a': /x}", "{'a': b}", "[1 2]", "'x", "{a: 1} x", "\\", "'\\", "1.2.3"]
        {
            assert_eq!(value(text), None, "{text}");
        }
        assert_eq!(value(&"[".repeat(100_000)), None);
    }
}
