//! Cutting a text into pieces that fit into a message.

use super::{Look, Span, Styled, shows_nothing};
use std::ops::Range;

/// Looks of one message, at most: Telegram takes 100 and drops those that come after. Two are kept for
/// remarks.
pub(in crate::channel::telegram) const MAX_LOOKS: usize = 98;

/// How long Telegram takes a text to be: in units of UTF-16, without the tags.
pub(in crate::channel::telegram) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Cuts a text into pieces of at most `limit` units, each with something to be seen: between paragraphs
/// if possible, else between lines, else between words, and through a block of code only where it
/// doesn't fit into a piece of its own.
pub(in crate::channel::telegram) fn pieces(styled: &Styled, limit: usize) -> Vec<Styled> {
    let mut pieces = vec![];
    let mut rest = trimmed(&styled.text, 0..styled.text.len());
    while !rest.is_empty() {
        let cut = rest.start + end_of_first(styled, rest.clone(), limit);
        let piece = trimmed(&styled.text, rest.start..cut);
        if !shows_nothing(&styled.text[piece.clone()]) {
            pieces.push(cut_out(styled, piece));
        }
        // The blank that was between two words is in neither piece; the indentation of a line stays.
        let (before, behind) = styled.text.split_at(cut);
        let blank = !before.ends_with('\n') && behind.starts_with([' ', '\t']);
        let next = (cut + usize::from(blank)).min(rest.end);
        rest = trimmed(&styled.text, next..rest.end);
    }
    pieces
}

/// Telegram takes blanks off both ends of a message. Indentation of a first line stays.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let end = range.start + part.trim_end().len();
    let lines = part.len() - part.trim_start().len();
    let start = range.start + part[..lines].rfind('\n').map_or(0, |line| line + 1);
    start.min(end)..end
}

/// How many bytes of what is left go into the next piece.
fn end_of_first(styled: &Styled, rest: Range<usize>, limit: usize) -> usize {
    let text = &styled.text[rest.clone()];
    let fits = fitting(text, limit).min(end_of_links(styled, &rest));
    if fits == text.len() {
        return fits;
    }
    let head = &text[..fits];
    // A block that would be cut, and fits into a piece of its own, begins one.
    let torn = blocks(styled).find(|block| block.start < rest.start + fits && block.end > rest.start + fits);
    if let Some(block) = &torn
        && block.start > rest.start
        && !styled.text[rest.start..block.start].trim().is_empty()
        && units(&styled.text[block.clone()]) <= limit
    {
        return block.start - rest.start;
    }
    let paragraph = if torn.is_some() { None } else { head.rfind("\n\n").filter(|at| *at >= fits / 2) };
    let line = || head.rfind('\n').filter(|at| *at >= fits / 4);
    let word = || head.rfind(char::is_whitespace);
    let cut = paragraph.or_else(line).or_else(word).unwrap_or(fits);
    // What is left before the cut must not be blank, or nothing would be gained.
    if head[..cut].trim().is_empty() { fits } else { cut }
}

/// How many bytes hold as many links as a message can have.
fn end_of_links(styled: &Styled, rest: &Range<usize>) -> usize {
    let links = styled.spans.iter().filter(|span| matches!(span.look, Look::Link(_)));
    let mut here = links.filter(|span| span.range.end > rest.start && span.range.start < rest.end);
    match here.nth(MAX_LOOKS) {
        Some(next) if next.range.start > rest.start => next.range.start - rest.start,
        _ => usize::MAX,
    }
}

/// How many bytes have at most `limit` units, at least one character's. What is shown as one sign is
/// not cut, unless it is very long.
fn fitting(text: &str, limit: usize) -> usize {
    let mut left = limit;
    let mut fits = text.len();
    for (at, c) in text.char_indices() {
        match left.checked_sub(c.len_utf16()) {
            Some(rest) => left = rest,
            None if at == 0 => return c.len_utf8(),
            None => {
                fits = at;
                break;
            }
        }
    }
    if fits == text.len() {
        return fits;
    }
    let boundary = |at: &usize| {
        let (before, behind) = text.split_at(*at);
        !behind.starts_with(continues) && !before.ends_with('\u{200d}')
    };
    let near = text[..fits].char_indices().map(|(at, _)| at).rev().take(LONGEST_SIGN);
    std::iter::once(fits).chain(near).filter(|at| *at > 0).find(boundary).unwrap_or(fits)
}

/// Characters of what is shown as one sign, such as a family or a flag.
const LONGEST_SIGN: usize = 16;

/// Whether a character is shown together with the one before it.
fn continues(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{64b}'..='\u{65f}'
        | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{e31}' | '\u{e34}'..='\u{e3a}'
        | '\u{e47}'..='\u{e4e}' | '\u{1160}'..='\u{11ff}' | '\u{200d}' | '\u{20d0}'..='\u{20ff}'
        | '\u{3099}' | '\u{309a}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0020}'..='\u{e007f}')
}

fn blocks(styled: &Styled) -> impl Iterator<Item = Range<usize>> + '_ {
    let blocks = styled.spans.iter().filter(|span| matches!(span.look, Look::Block(_)));
    blocks.map(|span| span.range.clone())
}

/// A part of a text, with the looks that it has.
fn cut_out(styled: &Styled, range: Range<usize>) -> Styled {
    let within = |span: &Span| {
        let start = span.range.start.max(range.start);
        let end = span.range.end.min(range.end);
        (start < end).then(|| Span { range: start - range.start..end - range.start, look: span.look.clone() })
    };
    let mut spans: Vec<Span> = styled.spans.iter().filter_map(within).collect();
    // Of too many looks those stay that say most: where a link leads is seen nowhere else.
    for kind in [Weight::Light, Weight::Middle] {
        while spans.len() > MAX_LOOKS {
            let Some(last) = spans.iter().rposition(|span| weight(&span.look) == kind) else { break };
            spans.remove(last);
        }
    }
    Styled { text: styled.text[range].to_owned(), spans }
}

#[derive(PartialEq)]
enum Weight {
    Light,
    Middle,
    Heavy,
}

fn weight(look: &Look) -> Weight {
    match look {
        Look::Bold | Look::Italic | Look::Struck => Weight::Light,
        Look::Code | Look::Block(_) | Look::Quote => Weight::Middle,
        Look::Link(_) => Weight::Heavy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(markdown: &str, limit: usize) -> Vec<String> {
        pieces(&Styled::markdown(markdown), limit).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn cuts_are_where_a_reader_expects_them() {
        assert_eq!(texts("one two\n\nthree four", 12), ["one two", "three four"]);
        assert_eq!(texts("one two three", 8), ["one two", "three"]);
        assert_eq!(texts("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(texts("  \n \n", 4), Vec::<String>::new());
    }

    #[test]
    fn units_are_those_of_utf_16() {
        assert_eq!(units("a😀"), 3);
        assert_eq!(texts("😀😀😀", 4), ["😀😀", "😀"]);
        assert_eq!(texts("😀😀😀", 3), ["😀", "😀", "😀"]);
    }

    #[test]
    fn a_block_of_code_that_fits_is_not_cut() {
        let pieces = texts("some words\n\n```\nline 1\nline 2\n```\n\nend", 16);
        assert_eq!(pieces, ["some words", "line 1\nline 2", "end"]);
    }

    #[test]
    fn a_block_that_does_not_fit_is_cut_between_lines_and_goes_on_as_a_block() {
        let code: String = (0..20).map(|n| format!("  line {n}\n")).collect();
        let pieces = pieces(&Styled::markdown(&format!("```rust\n{code}```")), 50);
        assert!(pieces.len() > 3);
        for piece in &pieces {
            assert!(piece.text.starts_with("  line "), "{piece:?}");
            assert!(
                piece.html().starts_with("<pre><code class=\"language-rust\">  line"),
                "{}",
                piece.html()
            );
            assert!(piece.html().ends_with("</code></pre>"));
        }
    }
}
