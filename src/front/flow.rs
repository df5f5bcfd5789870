//! The answer's text as it streams: no empty lines before it, none after it.

/// Where the text stands.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// The cursor stands behind text, not at the start of a line.
    mid_line: bool,
    /// Line ends that came and are not written: they are when more text follows.
    held: usize,
}

impl Flow {
    /// What to write of the next piece.
    pub(super) fn next(&mut self, piece: &str) -> String {
        let text = piece.trim_end_matches('\n');
        let ends = piece.len() - text.len();
        let text = if self.mid_line { text } else { text.trim_start_matches('\n') };
        if text.is_empty() {
            self.held += ends;
            return String::new();
        }
        let before = if self.mid_line { std::mem::take(&mut self.held) } else { 0 };
        self.mid_line = true;
        self.held = ends;
        format!("{}{text}", "\n".repeat(before))
    }

    /// What to write so that the cursor is at the start of a line.
    pub(super) fn end(&mut self) -> &'static str {
        self.held = 0;
        if std::mem::take(&mut self.mid_line) { "\n" } else { "" }
    }

    pub(super) fn is_mid_line(&self) -> bool {
        self.mid_line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[&str]) -> String {
        let mut flow = Flow::default();
        let mut out: String = pieces.iter().map(|piece| flow.next(piece)).collect();
        out.push_str(flow.end());
        out
    }

    #[test]
    fn empty_lines_stay_between_text_only() {
        assert_eq!(written(&["\n", "\n\na", "b\n", "\n", "c", "\n\n"]), "ab\n\nc\n");
        assert_eq!(written(&["a\n\nb"]), "a\n\nb\n");
        assert_eq!(written(&["\n\n"]), "");
        assert_eq!(written(&[]), "");
    }
}
