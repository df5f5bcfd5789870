//! Makes a well-behaved event stream out of whatever bytes arrive.
//!
//! Hands on whole lines only, ended by `\n`, in valid UTF-8: the parser behind it neither sees a
//! character cut in two nor looks at a long line again for each of its pieces.

/// The longest line, in bytes.
pub(super) const MAX_LINE: usize = 16 << 20;

/// The event that marks the end of the connection. It comes through only if no `[DONE]` came before.
pub(super) const END_KEY: &str = "openpista_eof";

/// How the body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Server-sent events.
    Events,
    /// One JSON document, which becomes one event.
    Json,
}

/// The state between two chunks of bytes.
#[derive(Debug)]
pub(super) struct Lines {
    form: Form,
    held: Vec<u8>,
    /// The last byte was a carriage return: a line feed after it is the same line end.
    after_cr: bool,
    started: bool,
}

impl Lines {
    pub(super) fn new(form: Form) -> Self {
        Self { form, held: Vec::new(), after_cr: false, started: false }
    }

    /// Takes bytes; returns what is complete, perhaps nothing. `Err`: a line is too long.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<String, String> {
        let mut complete = 0;
        for &byte in bytes {
            let line_feed = byte == b'\n';
            if !(line_feed && self.after_cr) {
                self.held.push(if byte == b'\r' { b'\n' } else { byte });
            }
            self.after_cr = byte == b'\r';
            if self.form == Form::Events && (line_feed || self.after_cr) {
                complete = self.held.len();
            }
        }
        if self.held.len() - complete > MAX_LINE {
            return Err(format!("the server sent a line of more than {MAX_LINE} bytes"));
        }
        let rest = self.held.split_off(complete);
        let lines = std::mem::replace(&mut self.held, rest);
        Ok(self.text(lines))
    }

    /// Forgets the line that is arriving: it is known that it won't be whole.
    pub(super) fn forget(&mut self) {
        self.held = Vec::new();
    }

    /// The rest, and the mark of the end.
    pub(super) fn end(&mut self) -> String {
        let rest = std::mem::take(&mut self.held);
        let rest = match self.form {
            Form::Events => self.text(rest),
            Form::Json => {
                let text = self.text(rest).replace('\n', " ");
                if text.trim().is_empty() { String::new() } else { format!("data: {text}") }
            }
        };
        format!("{rest}\n\ndata: {{\"{END_KEY}\":true}}\n\n")
    }

    fn text(&mut self, bytes: Vec<u8>) -> String {
        let text =
            String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        if self.started || text.is_empty() {
            return text;
        }
        self.started = true;
        text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(form: Form, bytes: &[u8], size: usize) -> String {
        let mut lines = Lines::new(form);
        let mut out = String::new();
        for piece in bytes.chunks(size) {
            let text = lines.push(piece).expect("short lines");
            assert!(text.is_empty() || text.ends_with('\n'));
            out.push_str(&text);
        }
        out.push_str(&lines.end());
        out
    }

    #[test]
    fn any_cut_gives_the_same_lines() {
        let end = format!("\n\ndata: {{\"{END_KEY}\":true}}\n\n");
        let wanted = format!(": hi\ndata: 안녕\n\ndata: x\n\ndata: last{end}");
        for size in 1..20 {
            for text in [
                "\u{feff}: hi\r\ndata: 안녕\r\n\r\ndata: x\r\n\r\ndata: last",
                ": hi\ndata: 안녕\n\ndata: x\n\ndata: last",
                ": hi\rdata: 안녕\r\rdata: x\r\rdata: last",
            ] {
                assert_eq!(all(Form::Events, text.as_bytes(), size), wanted, "{size} {text:?}");
            }
        }
    }

    #[test]
    fn a_document_is_one_event() {
        let out = all(Form::Json, b"{\n  \"a\": 1\r\n}\n", 3);
        assert!(out.starts_with("data: {   \"a\": 1 } \n\n"), "{out:?}");
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        let out = all(Form::Events, b"data: \xff\xfe!\n", 2);
        assert!(out.starts_with("data: \u{fffd}\u{fffd}!\n"), "{out:?}");
    }
}
