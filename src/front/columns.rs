//! Widths on the terminal: letters of some scripts take two columns, and marks take none.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns `text` takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// The first line of `text` in at most `room` columns; an ellipsis says that something is missing.
pub(super) fn fit(text: &str, room: usize) -> String {
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default().trim_end().replace('\t', " ");
    if line.len() == text.len() && columns(&line) <= room {
        return line;
    }
    let mut left = room.saturating_sub(1);
    let mut out = String::new();
    for c in line.chars() {
        let width = c.width().unwrap_or(0);
        if width > left {
            break;
        }
        left -= width;
        out.push(c);
    }
    if room > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_fits_and_says_so() {
        assert_eq!(fit("short", 5), "short");
        assert_eq!(fit("longer", 5), "long…");
        assert_eq!(fit("a\tb\n", 5), "a b");
        assert_eq!(fit("two\nlines", 20), "two…");
        assert_eq!(fit("日本語のテキスト", 7), "日本語…");
        assert_eq!(fit("日本語のテキスト", 6), "日本…");
        assert_eq!(fit("anything", 0), "");
    }
}
