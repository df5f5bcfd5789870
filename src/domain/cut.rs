//! Cutting text to a length, on character boundaries, saying what is missing.

/// `text` itself when it has at most `max` characters; else its head and its tail around a marker
/// that says how many characters were left out. The result has at most `max` characters, or the
/// marker alone when `max` is smaller than that. A text that was cut before keeps one marker, which
/// counts all that is missing.
pub fn middle(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let length = text.chars().count();
    if length <= max {
        return text.to_owned();
    }
    let cut = parted(text);
    let total =
        cut.map_or(length, |(first, missing, last)| first.chars().count() + missing + last.chars().count());
    let (first, last) = cut.map_or((text, text), |(first, _, last)| (first, last));
    // The marker's own length depends on the number in it; the longest form is used for both.
    let room = max.saturating_sub(marker(total).chars().count());
    let (head, tail) = (room - room / 3, room / 3);
    let end = first.char_indices().nth(head).map_or(first.len(), |(at, _)| at);
    let start =
        tail.checked_sub(1).map_or(last.len(), |n| last.char_indices().nth_back(n).map_or(0, |(at, _)| at));
    let (first, last) = (&first[..end], &last[start..]);
    format!("{first}{}{last}", marker(total - first.chars().count() - last.chars().count()))
}

const MARKER: (&str, &str) = ("\n[… ", " characters left out …]\n");

fn marker(missing: usize) -> String {
    format!("{}{missing}{}", MARKER.0, MARKER.1)
}

/// What stands before and behind the marker of an earlier cut, and how much it says is missing.
fn parted(text: &str) -> Option<(&str, usize, &str)> {
    text.match_indices(MARKER.0).find_map(|(at, _)| {
        let (digits, behind) = text[at + MARKER.0.len()..].split_once(MARKER.1)?;
        Some((&text[..at], digits.parse().ok()?, behind))
    })
}

/// The first line of `text`, cut to `max` characters with an ellipsis.
pub fn title(text: &str, max: usize) -> String {
    let line = text.trim().lines().next().unwrap_or_default().trim();
    if line.chars().count() <= max {
        return line.to_owned();
    }
    let mut out: String = line.chars().take(max.saturating_sub(1)).collect();
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_keeps_within_the_limit_and_counts_what_is_missing() {
        let text = "äöü€".repeat(1000);
        for max in [0, 10, 40, 100, 399, 3999] {
            let out = middle(&text, max);
            let marker_length = marker(4000).chars().count();
            assert!(out.chars().count() <= max.max(marker_length), "{max}: {}", out.chars().count());
            let digits: String = out.chars().filter(char::is_ascii_digit).collect();
            let missing: usize = digits.parse().expect("a number in the marker");
            let kept = out.chars().filter(|c| "äöü€".contains(*c)).count();
            assert_eq!(kept + missing, 4000);
        }
        assert_eq!(middle("short", 5), "short");
    }

    #[test]
    fn cutting_again_counts_all_that_is_missing() {
        let text = "a".repeat(9_000) + &"b".repeat(3_000);
        let mut cut = text.clone();
        for max in [10_000, 4_000, 3_999, 700, 100, 40] {
            cut = middle(&cut, max);
            assert!(cut.chars().count() <= max, "{max}: {cut}");
            assert_eq!(cut.matches("characters left out").count(), 1, "{cut}");
            let missing: usize =
                cut.chars().filter(char::is_ascii_digit).collect::<String>().parse().expect("it");
            let left = cut.replace(&marker(missing), "").chars().count();
            assert_eq!(missing + left, 12_000, "{cut}");
        }
        assert_eq!(middle(&text, 500), middle(&middle(&text, 2_000), 500), "however often it is cut");
    }

    #[test]
    fn title_is_one_line() {
        assert_eq!(title("  one\ntwo", 10), "one");
        assert_eq!(title("abcdef", 4), "abc…");
    }
}
