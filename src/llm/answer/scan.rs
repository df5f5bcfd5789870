//! Finding where things end while they are still arriving.

/// Finds the end of the first value in brackets of a text that comes in pieces.
#[derive(Clone, Debug, Default)]
pub(in crate::llm) struct JsonScan {
    depth: u32,
    /// The quote that ends the string, inside of one.
    quote: Option<u8>,
    escaped: bool,
    /// Single quotes and parentheses count too.
    python: bool,
    seen: usize,
    end: Option<usize>,
}

impl JsonScan {
    /// For values as Python writes them.
    pub(super) fn python() -> Self {
        Self { python: true, ..Self::default() }
    }

    /// Looks at `text`, which begins with what was looked at before. Returns where the first object
    /// or list ends, counted in bytes from the start.
    pub(in crate::llm) fn end(&mut self, text: &str) -> Option<usize> {
        if self.end.is_some() {
            return self.end;
        }
        for (at, byte) in text.bytes().enumerate().skip(self.seen) {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.quote.is_some() => self.escaped = true,
                _ if self.quote.is_some() => self.quote = self.quote.filter(|quote| *quote != byte),
                b'"' => self.quote = Some(byte),
                b'\'' if self.python => self.quote = Some(byte),
                b'{' | b'[' => self.depth += 1,
                b'(' if self.python => self.depth += 1,
                b'}' | b']' if self.closes(at) => return self.end,
                b')' if self.python && self.closes(at) => return self.end,
                _ => {}
            }
        }
        self.seen = text.len();
        None
    }

    /// Takes a closing bracket; whether it is the last.
    fn closes(&mut self, at: usize) -> bool {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            self.seen = at + 1;
            self.end = Some(at + 1);
        }
        self.depth == 0
    }

    /// Whether a string or a bracket is open.
    pub(super) fn is_open(&self) -> bool {
        self.depth > 0 || self.quote.is_some()
    }

    /// The first `length` bytes, all looked at, are no longer part of the text.
    pub(super) fn forget(&mut self, length: usize) {
        self.seen = self.seen.saturating_sub(length);
    }
}

/// How much text is looked at in one go, in bytes.
const PIECE: usize = 4 << 10;

/// A text in pieces. What looks at them copies what is left when it cuts something off in front, so that
/// a long text in one piece would cost the square of its length.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

/// How many bytes at the end of `text` may be the beginning of one of `marks`.
pub(super) fn partial(text: &str, marks: &[&str]) -> usize {
    marks
        .iter()
        .filter_map(|mark| {
            let longest = mark.len().saturating_sub(1).min(text.len());
            (1..=longest).rev().find(|&n| mark.is_char_boundary(n) && text.ends_with(&mark[..n]))
        })
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_ends_where_its_brackets_close() {
        let text = r#" {"a":"}\"{","b":[1,{"c":2}]} {"#;
        let wanted = text.len() - 2;
        assert_eq!(JsonScan::default().end(text), Some(wanted));
        let mut scan = JsonScan::default();
        for cut in 0..wanted {
            assert_eq!(scan.end(&text[..cut]), None);
        }
        assert_eq!(scan.end(text), Some(wanted));
    }

    #[test]
    fn partial_marks() {
        assert_eq!(partial("text <thi", &["</think>", "<think>"]), 4);
        assert_eq!(partial("text <", &["</think>"]), 1);
        assert_eq!(partial("text", &["</think>"]), 0);
        assert_eq!(partial("<think>", &["<think>"]), 0);
    }
}
