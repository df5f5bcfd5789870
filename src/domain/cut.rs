//! Cutting text to a length, on character boundaries, saying what is missing.

/// `text` itself when it has at most `max` characters; else its head and its tail around a marker
/// that says how many characters were left out. The result has at most `max` characters, or the
/// marker alone when `max` is smaller than that.
pub fn middle(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let total = text.chars().count();
    if total <= max {
        return text.to_owned();
    }
    // The marker's own length depends on the number in it; the longest form is used for both.
    let room = max.saturating_sub(marker(total).chars().count());
    let (head, tail) = (room - room / 3, room / 3);
    let end = text.char_indices().nth(head).map_or(text.len(), |(at, _)| at);
    let start =
        tail.checked_sub(1).map_or(text.len(), |n| text.char_indices().nth_back(n).map_or(0, |(at, _)| at));
    format!("{}{}{}", &text[..end], marker(total - head - tail), &text[start..])
}

fn marker(missing: usize) -> String {
    format!("\n[… {missing} characters left out …]\n")
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
    fn title_is_one_line() {
        assert_eq!(title("  one\ntwo", 10), "one");
        assert_eq!(title("abcdef", 4), "abc…");
    }
}
