//! Which addresses can be a link on Telegram, and how the others are shown.

/// Whether Telegram makes a link of an address. Of others it keeps the text alone.
pub(super) fn is_link(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    if address.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return false;
    }
    if lower.starts_with("tg://") {
        return true;
    }
    let Some(rest) = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")) else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    // A name without a dot is one of a local network: Telegram drops such links.
    host.starts_with('[') || host.trim_matches('.').contains('.')
}

/// An address as people read it.
pub(super) fn shown(address: &str) -> &str {
    address.strip_prefix("mailto:").unwrap_or(address)
}

/// Whether a text says its address itself.
pub(super) fn says(text: &str, address: &str) -> bool {
    let bare = |text: &str| {
        let text = shown(text.trim());
        let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        text.trim_end_matches('/').to_owned()
    };
    bare(text) == bare(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_telegram_takes_are_links() {
        for address in [
            "https://example.org",
            "http://e.org/?a=1",
            "HTTPS://E.ORG",
            "tg://user?id=1",
            "http://[::1]/",
            "http://10.0.0.1:80",
        ] {
            assert!(is_link(address), "{address}");
        }
        for address in [
            "",
            "./notes.md",
            "#top",
            "mailto:a@b.org",
            "javascript:alert(1)",
            "http://localhost:3000/",
            "https://",
            "https:///x",
            "http://a b.org",
            "http://user.name@host/",
        ] {
            assert!(!is_link(address), "{address}");
        }
    }

    #[test]
    fn a_text_may_say_its_address() {
        assert!(says("example.org", "https://example.org/"));
        assert!(says("a@b.org", "mailto:a@b.org"));
        assert!(!says("notes", "./notes.md"));
    }
}
