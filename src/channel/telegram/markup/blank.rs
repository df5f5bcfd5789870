//! Texts of which nothing is seen: Telegram refuses them as empty.

/// Whether a text has nothing that is seen.
pub(in crate::channel::telegram) fn shows_nothing(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// Characters that take no room, or are a blank that Unicode does not call one.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_nothing() {
        for text in ["", " \n\t", "\u{200b}", "\u{a0}\u{3000}", "\u{2800}\u{feff}", "\u{0}"] {
            assert!(shows_nothing(text), "{text:?}");
        }
        for text in [".", "•", "한", "😀", "\u{200b}a"] {
            assert!(!shows_nothing(text), "{text:?}");
        }
    }
}
