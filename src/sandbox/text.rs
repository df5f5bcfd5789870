//! Making output fit to be read: without control sequences, and not too long.

/// Of a text that is too long, this share is shown from its end; the rest from its beginning.
const TAIL_SHARE: usize = 4;

/// The text without ANSI escape sequences and without control characters other than line feed and
/// tab. A carriage return becomes a line feed, together with a line feed that follows it.
pub fn clean(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\r' => {
                chars.next_if_eq(&'\n');
                text.push('\n');
            }
            '\n' | '\t' => text.push(c),
            c if c.is_control() => {}
            c => text.push(c),
        }
    }
    text
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// After an escape character: skips what it introduces.
fn skip_escape(chars: &mut Chars<'_>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_control_sequence(chars);
        }
        // Strings for the terminal (titles, links): up to their end, but never past a line's.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next_if(|c| *c != '\n') {
                if c == '\x07' || c == '\u{9c}' || c == '\x1b' {
                    chars.next_if_eq(&'\\');
                    return;
                }
            }
        }
        Some(_) => {
            while chars.next_if(|c| matches!(c, ' '..='/')).is_some() {}
            chars.next_if(|c| matches!(c, '0'..='~'));
        }
        None => {}
    }
}

/// After the introducer of a control sequence: skips its parameters and its final character.
fn skip_control_sequence(chars: &mut Chars<'_>) {
    while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    chars.next_if(|c| matches!(c, '@'..='~'));
}

/// The beginning and the end of `text`, together `limit` characters; `None` when all of it fits.
pub fn cut(text: &str, limit: usize) -> Option<(&str, &str)> {
    if text.len() <= limit || text.chars().nth(limit).is_none() {
        return None;
    }
    Some(head_and_tail(text, text, limit))
}

/// The first characters of `head` and the last ones of `tail`, together at most `limit`.
pub(super) fn head_and_tail<'a>(head: &'a str, tail: &'a str, limit: usize) -> (&'a str, &'a str) {
    let from_tail = limit / TAIL_SHARE;
    let from_head = limit - from_tail;
    let end = head.char_indices().nth(from_head).map_or(head.len(), |(at, _)| at);
    let start = match from_tail.checked_sub(1) {
        Some(n) => tail.char_indices().nth_back(n).map_or(0, |(at, _)| at),
        None => tail.len(),
    };
    (&head[..end], &tail[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_go_and_text_stays() {
        for (raw, text) in [
            ("plain\n\ttext — ünïcode 漢字 🦀", "plain\n\ttext — ünïcode 漢字 🦀"),
            ("\x1b[1;31mred\x1b[0m", "red"),
            ("\x1b[?25lhidden\x1b[2K", "hidden"),
            ("\x1b]0;title\x07after", "after"),
            ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\x1b]0;never closed\nnext line", "\nnext line"),
            ("\x1bPq#0;1\x1b\\x", "x"),
            ("\x1b(Bcharset", "charset"),
            ("\x1b=\x1b>keypad", "keypad"),
            ("\u{9b}31mc1", "c1"),
            ("a\x00\x07\x08b\x7fc", "abc"),
            ("one\r\ntwo\rthree", "one\ntwo\nthree"),
            ("end\x1b", "end"),
            ("end\x1b[", "end"),
        ] {
            assert_eq!(clean(raw), text, "{raw:?}");
        }
    }

    #[test]
    fn cuts_between_characters() {
        let text = "äöü漢🦀".repeat(10);
        for limit in 0..=60 {
            match cut(&text, limit) {
                None => assert!(limit >= 50),
                Some((head, tail)) => {
                    assert!(limit < 50);
                    assert_eq!(head.chars().count() + tail.chars().count(), limit);
                    assert!(text.starts_with(head) && text.ends_with(tail));
                }
            }
        }
    }
}
