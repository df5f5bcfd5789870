//! Characters that nobody sees and editors, web pages and shells put into files of keys.

/// Whether a character takes no room and means nothing in a key: marks of the byte order, joiners,
/// directions, blanks that break no line.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00a0}' | '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// The text without its last line end, and without invisible characters at its ends.
pub(super) fn cleaned(text: &str) -> &str {
    let text = text.trim_matches(is_invisible);
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    text.trim_matches(is_invisible)
}

/// An invisible character in the middle of a text, and how many characters stand before it.
pub(super) fn first_invisible(text: &str) -> Option<(usize, char)> {
    let odd = |c: char| is_invisible(c) || c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    text.chars().enumerate().find(|(_, c)| odd(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_cleaned_and_middles_are_told() {
        for given in [
            "sk-1",
            "sk-1\n",
            "sk-1\r\n",
            "sk-1\r",
            "\u{feff}sk-1\r\n",
            "\u{200b}sk-1\u{200b}\n",
            "sk-1\n\u{feff}",
        ] {
            assert_eq!(cleaned(given), "sk-1", "{given:?}");
        }
        assert_eq!(cleaned("two\nlines\n\n"), "two\nlines\n");
        assert_eq!(cleaned(" a b "), " a b ");
        assert_eq!(first_invisible("sk\u{200b}-1"), Some((2, '\u{200b}')));
        assert_eq!(first_invisible("a\0b"), Some((1, '\0')));
        assert_eq!(first_invisible("-----BEGIN-----\nabc\r\n\t말 é\n"), None);
    }
}
