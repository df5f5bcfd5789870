//! Names of skills.

/// The longest name, in characters.
pub const MAX_NAME: usize = 64;

/// Whether a name can stand in paths, addresses and prompts without being taken for something else:
/// small letters, digits and single `-` between them.
pub(in crate::skill) fn is_name(name: &str) -> bool {
    !name.is_empty() && normalised(name) == name
}

/// The name that `name` stands for: `PDF Tools` and `pdf_tools` are `pdf-tools`. Empty where nothing of
/// it can stand in a name.
pub(in crate::skill) fn normalised(name: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for c in name.chars().flat_map(char::to_lowercase) {
        if length == MAX_NAME {
            break;
        }
        if c.is_alphanumeric() {
            out.push(c);
        } else if (c.is_ascii() || c.is_whitespace()) && !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        } else {
            // Accents, emoji and invisible characters.
            continue;
        }
        length += 1;
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["a", "log-watch", "x2", "공고-요약", "公众号写作", "größe"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "A", "a.b", "a/b", "..", "a b", "a\u{200b}b", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn other_spellings_become_one() {
        for (given, name) in [
            ("alert_create", "alert-create"),
            ("PDF Tools", "pdf-tools"),
            ("  Web.Search / v2 ", "web-search-v2"),
            ("plugin:review", "plugin-review"),
            ("🚀 Launch", "launch"),
            ("--a__b--", "a-b"),
            ("公众号 写作", "公众号-写作"),
            ("../../etc", "etc"),
            ("💥", ""),
        ] {
            assert_eq!(normalised(given), name, "{given}");
        }
        assert_eq!(normalised(&"ab-".repeat(40)).chars().count(), 63 + 1);
        assert!(is_name(&normalised(&"ab_".repeat(40))));
    }
}
