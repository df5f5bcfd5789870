//! Marks of emphasis that CommonMark reads otherwise than people and models mean them.
//!
//! - Beside Chinese, Japanese and Korean, `**"말"**입니다` is no emphasis by CommonMark's rules: they
//!   take for granted that words are parted by blanks.
//! - `__init__.py`, `~/a/~b`, `2*3*4` are emphasis by those rules, and lose characters that belong to them.

use std::{borrow::Cow, ops::Range};

/// Put between punctuation and a mark of emphasis, so that the mark may open or close there. It is a
/// noncharacter: Unicode keeps it for internal use, so no text has it.
pub(super) const JOINT: char = '\u{fdd0}';

/// The source with joints where a mark of emphasis stands between punctuation and a letter of a
/// script that parts no words by blanks.
pub(super) fn joined(source: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = source[at..].find(['*', '~']) {
        let begin = at + found;
        let mark = source[begin..].chars().next().unwrap_or('*');
        let end = begin + source[begin..].chars().take_while(|c| *c == mark).count();
        at = end;
        let before = source[..begin].chars().next_back();
        let behind = source[end..].chars().next();
        let (Some(before), Some(behind)) = (before, behind) else { continue };
        // A joint behind a backslash would undo what it escapes.
        let place = match (before, behind) {
            ('\\', _) => continue,
            (before, behind) if is_punctuation(before) && is_unspaced(behind) => begin,
            (before, behind) if is_unspaced(before) && is_punctuation(behind) => end,
            _ => continue,
        };
        out.push_str(&source[copied..place]);
        out.push(JOINT);
        copied = place;
    }
    if copied == 0 {
        return Cow::Borrowed(source);
    }
    out.push_str(&source[copied..]);
    Cow::Owned(out)
}

/// The mark around an emphasis that is none: it is part of a name, a path or a formula, and shown.
pub(super) fn literal(source: &str, range: &Range<usize>) -> Option<&'static str> {
    let whole = source.get(range.clone())?;
    let before = source[..range.start].chars().rev().find(|c| *c != JOINT);
    let mut rest = source[range.end..].chars().filter(|c| *c != JOINT);
    let (behind, second) = (rest.next(), rest.next());
    let marks = ["~~", "~", "__", "_", "**", "*"];
    let mark = marks.into_iter().find(|mark| whole.starts_with(mark))?;
    let is = |c: Option<char>, test: fn(char) -> bool| c.is_some_and(test);
    let shown = match mark {
        "~" => true,
        "_" | "__" => {
            let inner = whole.get(mark.len()..whole.len() - mark.len())?;
            is_part_of_token(before, behind, second)
                || (mark == "__" && inner.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        }
        "*" => is(before, |c| c.is_ascii_alphanumeric()) || is(behind, |c| c.is_ascii_alphanumeric()),
        "**" => is(before, |c| c.is_ascii_digit()) || is(behind, |c| c.is_ascii_digit()),
        _ => false,
    };
    shown.then_some(mark)
}

/// Whether what stands around an emphasis makes it a part of a file's name, a path or an expression.
fn is_part_of_token(before: Option<char>, behind: Option<char>, second: Option<char>) -> bool {
    let belongs = |c: char| c.is_alphanumeric() || "/\\=@$".contains(c);
    before.is_some_and(|c| belongs(c) || ".-:#~&%".contains(c))
        || behind.is_some_and(|c| {
            belongs(c) || "([".contains(c) || (".-:".contains(c) && second.is_some_and(char::is_alphanumeric))
        })
}

/// Whether a character is punctuation where emphasis is concerned.
fn is_punctuation(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_punctuation() && !"*~".contains(c);
    }
    !c.is_alphanumeric() && !c.is_whitespace() && c != JOINT
}

/// Whether a letter is of a script that is written without blanks between words, or with endings
/// that follow a word at once.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}'     // Thai, Lao
        | '\u{1000}'..='\u{109f}'   // Myanmar
        | '\u{1100}'..='\u{11ff}'   // Hangul letters
        | '\u{1780}'..='\u{17ff}'   // Khmer
        | '\u{2e80}'..='\u{2fff}'   // radicals
        | '\u{3005}'..='\u{3007}'
        | '\u{3031}'..='\u{303c}'
        | '\u{3040}'..='\u{318f}'   // Kana, Bopomofo, Hangul letters
        | '\u{31a0}'..='\u{9fff}'   // Bopomofo, Kana, Han
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'   // Hangul
        | '\u{f900}'..='\u{faff}'
        | '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}'
        | '\u{ff66}'..='\u{ffdc}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joints_stand_where_a_mark_could_not_work() {
        let shown = |source: &str| joined(source).replace(JOINT, "·");
        assert_eq!(shown("**\"말\"**입니다"), "**\"말\"·**입니다");
        assert_eq!(shown("이것은**(중요)**이다"), "이것은**·(중요)·**이다");
        assert_eq!(shown("**「話」**です。~~（古）~~と"), "**「話」·**です。~~（古）·~~と");
        for same in ["**a** b", "**말**입니다", "\\**말", "a*b", "", "* 말", "**\"a\"**b"] {
            assert_eq!(shown(same), same);
        }
    }
}
