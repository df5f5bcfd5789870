//! Finding where things end while they are still arriving.

/// Finds the end of the first JSON value of a text that comes in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct JsonScan {
    depth: u32,
    in_string: bool,
    escaped: bool,
    seen: usize,
    end: Option<usize>,
}

impl JsonScan {
    /// Looks at `text`, which begins with what was looked at before. Returns where the first object
    /// or list ends, counted in bytes from the start.
    pub(super) fn end(&mut self, text: &str) -> Option<usize> {
        if self.end.is_some() {
            return self.end;
        }
        for (at, byte) in text.bytes().enumerate().skip(self.seen) {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.seen = at + 1;
                        self.end = Some(at + 1);
                        return self.end;
                    }
                }
                _ => {}
            }
        }
        self.seen = text.len();
        None
    }

    /// The first `length` bytes, all looked at, are no longer part of the text.
    pub(super) fn forget(&mut self, length: usize) {
        self.seen = self.seen.saturating_sub(length);
    }
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
