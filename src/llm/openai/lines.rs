//! Whole lines out of bytes that arrive in any pieces, at a cost that grows with their number alone.

/// The longest line, in bytes.
pub(super) const MAX_LINE: usize = 16 << 20;

/// The state between two chunks of bytes.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The line that is arriving.
    held: Vec<u8>,
    /// The last byte was a carriage return: a line feed after it is the same line end.
    after_cr: bool,
}

impl Lines {
    /// Takes bytes, and hands each line that is complete to `take`, without its end. `Err`: a line is
    /// too long.
    pub(super) fn push(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) -> Result<(), String> {
        let mut rest = bytes;
        if std::mem::take(&mut self.after_cr) {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            self.after_cr = bytes.is_empty();
        }
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            if self.held.is_empty() {
                take(&rest[..at]);
            } else {
                self.hold(&rest[..at])?;
                take(&std::mem::take(&mut self.held));
            }
            let behind = &rest[at + 1..];
            rest = match rest[at] {
                b'\r' if behind.is_empty() => {
                    self.after_cr = true;
                    behind
                }
                b'\r' => behind.strip_prefix(b"\n").unwrap_or(behind),
                _ => behind,
            };
        }
        self.hold(rest)
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.held.len() + bytes.len() > MAX_LINE {
            return Err(format!("the server sent a line of more than {MAX_LINE} bytes"));
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    /// What came after the last line end.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_cut_gives_the_same_lines() {
        for text in ["a\r\n\r\nb안\r\nlast", "a\n\nb안\nlast", "a\r\rb안\rlast"] {
            for size in 1..20 {
                let mut lines = Lines::default();
                let mut found = Vec::new();
                for piece in text.as_bytes().chunks(size) {
                    lines.push(piece, |line| found.push(line.to_vec())).expect("short lines");
                    lines.push(b"", |_| panic!("no bytes, no line")).expect("nothing");
                }
                found.push(lines.rest());
                assert_eq!(found, ["a".as_bytes(), b"", "b안".as_bytes(), b"last"], "{size} {text:?}");
            }
        }
    }

    #[test]
    fn a_line_is_held_once_however_it_arrives() {
        let mut lines = Lines::default();
        for piece in vec![b'x'; 1 << 20].chunks(1000) {
            lines.push(piece, |_| panic!("no line end came")).expect("within the limit");
            // Growing by doubling is all that is copied.
            assert!(lines.held.capacity() < 4 << 20);
        }
        assert_eq!(lines.rest().len(), 1 << 20);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::default();
        let chunk = vec![b'x'; MAX_LINE / 4];
        let taken: Vec<_> = (0..5).map(|_| lines.push(&chunk, |_| ()).is_ok()).collect();
        assert_eq!(taken, [true, true, true, true, false]);
    }
}
