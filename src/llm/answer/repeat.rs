//! Notices a model that goes round in a circle.

use std::collections::VecDeque;

/// How long the same words have to come again and again, in bytes: some three thousand tokens.
pub(super) const MIN_RUN: usize = 12 << 10;

/// The longest and the shortest text that counts as being repeated, in bytes. A row of dashes or of
/// zeros may be what was asked for.
const MAX_PERIOD: usize = 1_200;
const MIN_PERIOD: usize = 10;

/// The text is looked at each time that so much more of it is there, in bytes.
const STEP: usize = 1 << 10;

/// A text that is compared to find where it came before, in bytes.
const KEY: usize = 64;

/// The last part of a text that streams in.
#[derive(Debug, Default)]
pub(super) struct Repetition {
    tail: VecDeque<u8>,
    since: usize,
}

impl Repetition {
    /// Takes a piece. Whether the text does nothing but repeat itself by now.
    pub(super) fn feed(&mut self, text: &str) -> bool {
        let kept = &text.as_bytes()[text.len().saturating_sub(MIN_RUN)..];
        self.tail.extend(kept);
        self.tail.drain(..self.tail.len().saturating_sub(MIN_RUN));
        self.since += text.len();
        if self.since < STEP || self.tail.len() < MIN_RUN {
            return false;
        }
        self.since = 0;
        is_circle(self.tail.make_contiguous())
    }
}

/// Whether a text is one passage of several words over and over.
fn is_circle(text: &[u8]) -> bool {
    let (head, key) = text.split_at(text.len() - KEY);
    let from = head.len().saturating_sub(MAX_PERIOD);
    let same = text[from..text.len() - 1].windows(KEY).enumerate().rev().filter(|(_, found)| *found == key);
    let mut periods = same.map(|(at, _)| head.len() - (from + at));
    let Some(period) = periods.find(|&period| text[period..] == text[..text.len() - period]) else {
        return false;
    };
    let passage = &text[text.len() - period..];
    let letters = passage.iter().filter(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()).count();
    period >= MIN_PERIOD && letters * 2 > period && passage.iter().any(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much of the text goes by before the circle is noticed.
    fn noticed(text: &str, size: usize) -> Option<usize> {
        let mut repetition = Repetition::default();
        let mut seen = 0;
        for piece in text.as_bytes().chunks(size) {
            seen += piece.len();
            if repetition.feed(std::str::from_utf8(piece).expect("ASCII")) {
                return Some(seen);
            }
        }
        None
    }

    #[test]
    fn a_circle_is_noticed_however_it_arrives() {
        let begin = "Here is what I found out about the matter, in my own words. ".repeat(3) + "Well: ";
        for passage in ["I will now look at the file. ", &"one two three four, ".repeat(40)[..777]] {
            let text = begin.clone() + &passage.repeat(60_000 / passage.len());
            for size in [1, 6, 1000, 100_000] {
                let at = noticed(&text, size).expect("a circle");
                assert!(size > 1000 || at < MIN_RUN + begin.len() + 4 * STEP, "{at}");
            }
        }
    }

    #[test]
    fn other_long_texts_are_none() {
        let counted: String = (0..4000).map(|n| format!("line {n} of many\n")).collect();
        let table = "| 0 | 0 | 0 |\n".repeat(3000);
        for text in
            [counted, table, "x".repeat(50_000), "line\n".repeat(20_000), "a long answer ".repeat(500)]
        {
            assert_eq!(noticed(&text, 6), None);
        }
    }
}
