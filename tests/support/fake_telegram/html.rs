//! Telegram's HTML, parsed and refused as Telegram does it.

const PLAIN: &[&str] =
    &["b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a", "blockquote"];

/// The text that people see, or what is wrong.
pub fn parse(html: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut open: Vec<String> = vec![];
    let mut at = 0;
    while let Some(c) = html[at..].chars().next() {
        match c {
            '&' => {
                let (text, length) = entity(&html[at..]);
                out.push_str(&text);
                at += length;
            }
            '<' => {
                let begin = at;
                let end = html[at..]
                    .find('>')
                    .ok_or_else(|| format!("Unclosed start tag at byte offset {begin}"))?;
                let tag = &html[at + 1..at + end];
                at += end + 1;
                if let Some(name) = tag.strip_prefix('/') {
                    match open.pop() {
                        Some(last) if last == name => {}
                        Some(last) => {
                            return Err(format!(
                                "Unmatched end tag at byte offset {begin}, expected \"</{last}>\", found \"</{name}>\""
                            ));
                        }
                        None => return Err(format!("Unexpected end tag at byte offset {begin}")),
                    }
                    continue;
                }
                let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
                if !PLAIN.contains(&name) {
                    return Err(format!("Unsupported start tag \"{name}\" at byte offset {begin}"));
                }
                if !attributes.is_empty() && attributes.matches('"').count() % 2 != 0 {
                    return Err(format!("Unclosed start tag at byte offset {begin}"));
                }
                open.push(name.to_owned());
            }
            c => {
                out.push(c);
                at += c.len_utf8();
            }
        }
    }
    match open.pop() {
        None => Ok(out),
        Some(tag) => Err(format!("Can't find end tag corresponding to start tag \"{tag}\"")),
    }
}

fn entity(text: &str) -> (String, usize) {
    for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\"")] {
        if text.starts_with(entity) {
            return (c.to_owned(), entity.len());
        }
    }
    ("&".to_owned(), 1)
}
