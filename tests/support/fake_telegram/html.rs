//! Telegram's HTML, parsed and refused as Telegram does it; stricter where Telegram takes what it then
//! does not show as it was meant.

const TAGS: &[&str] =
    &["b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a", "blockquote"];

/// What was read.
#[derive(Default)]
pub struct Read {
    /// The text that people see.
    pub text: String,
    /// How many parts of it have a look.
    pub entities: usize,
    /// Where its links lead.
    pub links: Vec<String>,
}

/// The text that people see, or what is wrong.
pub fn parse(html: &str) -> Result<Read, String> {
    let mut read = Read::default();
    let mut open: Vec<String> = vec![];
    let mut at = 0;
    while let Some(c) = html[at..].chars().next() {
        match c {
            '&' => {
                let (text, length) = entity(&html[at..]);
                read.text.push_str(&text);
                at += length;
            }
            '<' => {
                let begin = at;
                let end = html[at..]
                    .find('>')
                    .ok_or_else(|| format!("Unclosed start tag at byte offset {begin}"))?;
                let tag = &html[at + 1..at + end];
                at += end + 1;
                match tag.strip_prefix('/') {
                    Some(name) => close(&mut open, name, begin)?,
                    None => start(&mut read, &mut open, tag, begin)?,
                }
            }
            c => {
                read.text.push(c);
                at += c.len_utf8();
            }
        }
    }
    match open.pop() {
        None => Ok(read),
        Some(tag) => Err(format!("Can't find end tag corresponding to start tag \"{tag}\"")),
    }
}

fn close(open: &mut Vec<String>, name: &str, at: usize) -> Result<(), String> {
    match open.pop() {
        Some(last) if last == name => Ok(()),
        Some(last) => {
            Err(format!("Unmatched end tag at byte offset {at}, expected \"</{last}>\", found \"</{name}>\""))
        }
        None => Err(format!("Unexpected end tag at byte offset {at}")),
    }
}

fn start(read: &mut Read, open: &mut Vec<String>, tag: &str, at: usize) -> Result<(), String> {
    let (name, attribute) = tag.split_once(' ').unwrap_or((tag, ""));
    if !TAGS.contains(&name) {
        return Err(format!("Unsupported start tag \"{name}\" at byte offset {at}"));
    }
    let value = match attribute.split_once('=') {
        None if attribute.is_empty() => None,
        None => {
            return Err(format!(
                "Expected equal sign in declaration of an attribute of the tag \"{name}\" at byte offset {at}"
            ));
        }
        Some((key, value)) => {
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            let value = value.filter(|value| !value.contains('"'));
            let value = value.ok_or_else(|| format!("Unclosed start tag at byte offset {at}"))?;
            let known = matches!((name, key), ("a", "href") | ("code", "class"));
            known.then_some(()).ok_or_else(|| format!("an attribute {key} of {name} at byte offset {at}"))?;
            Some(decoded(value))
        }
    };
    // Such parts cannot be within each other, or hold other looks: one of both would not be shown.
    let within = |names: &[&str]| open.iter().any(|tag| names.contains(&tag.as_str()));
    let in_pre = open.last().is_some_and(|tag| tag == "pre");
    let wrong = match name {
        "blockquote" => within(&["blockquote", "pre", "code", "a"]),
        "a" => within(&["a", "pre", "code"]),
        "pre" => within(&["pre", "code", "a"]),
        "code" => within(&["code", "a"]) || (within(&["pre"]) && !(in_pre && value.is_some())),
        _ => within(&["pre", "code"]),
    };
    if wrong {
        return Err(format!("<{name}> within {open:?} at byte offset {at}"));
    }
    if name == "a" {
        read.links.push(value.ok_or_else(|| format!("a link without an address at byte offset {at}"))?);
    }
    read.entities += usize::from(!(name == "code" && in_pre));
    open.push(name.to_owned());
    Ok(())
}

fn decoded(text: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let (part, length) = if c == '&' { entity(&text[at..]) } else { (c.to_string(), c.len_utf8()) };
        out.push_str(&part);
        at += length;
    }
    out
}

fn entity(text: &str) -> (String, usize) {
    for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\"")] {
        if text.starts_with(entity) {
            return (c.to_owned(), entity.len());
        }
    }
    ("&".to_owned(), 1)
}

/// Whether Telegram keeps a link to an address.
pub fn is_link(address: &str) -> bool {
    let rest = match address.split_once("://") {
        Some(("tg", _)) => return true,
        Some((scheme, rest)) if ["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) => rest,
        _ => return false,
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.contains('.') || host.starts_with('[')
}
