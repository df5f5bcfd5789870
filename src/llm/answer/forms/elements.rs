//! Elements around a call: `<function=NAME>`, `<invoke name="NAME">` or `<NAME>`, with the arguments as
//! JSON or in elements of their own; and `NAME<arg_key>…`.

use super::{Declared, Written, is_name};
use crate::{
    domain::JsonMap,
    llm::answer::{
        lenient,
        token::{Look, Style, Token, look},
    },
};
use serde_json::Value;
use std::borrow::Cow;

/// What one family puts before every tag.
pub(in crate::llm::answer) const TAG_PREFIX: &str = "]<]minimax[>[";

/// Elements whose attribute or value names the tool.
const CALLS: [&str; 3] = ["function", "invoke", "tool"];

/// Elements around one argument.
const PARAMETERS: [&str; 3] = ["parameter", "param", "arg"];

pub(super) fn calls(text: &str, declared: &Declared<'_>) -> Vec<Written> {
    let text = plain(text);
    let mut found = Vec::new();
    for element in elements(&text) {
        let is_call = CALLS.contains(&&*element.token.name) && element.token.is_given();
        let name = if is_call { element.name() } else { element.token.name.clone() };
        if !is_call && !names_a_tool(&element.token, declared) || name.is_empty() {
            continue;
        }
        let args = match element.body.trim_start().starts_with('{') {
            true => lenient::arguments(element.body).ok_or_else(|| element.body.trim().to_owned()),
            false => Ok(parameters(element.body, &name, declared)),
        };
        found.push(Written { name, args });
    }
    found
}

/// Whether a tag is called like a tool. A name of one word may be that of any other tag.
pub(in crate::llm::answer) fn names_a_tool(token: &Token, declared: &Declared<'_>) -> bool {
    token.style == Style::Tag && token.name.contains(['_', '.']) && declared.offers(&token.name)
}

/// `NAME<arg_key>KEY</arg_key><arg_value>VALUE</arg_value>…`
pub(super) fn keyed(text: &str, declared: &Declared<'_>) -> Vec<Written> {
    let text = plain(text);
    let Some((before, _)) = text.split_once('<') else { return Vec::new() };
    let name = before.trim();
    if !is_name(name) {
        return Vec::new();
    }
    let mut args = JsonMap::new();
    let mut key = None;
    for element in elements(&text) {
        if element.token.name.ends_with("arg_key") {
            key = Some(element.body.trim());
        } else if let Some(key) = key.take().filter(|_| element.token.name.ends_with("arg_value")) {
            let value = typed(without_line_ends(element.body), name, key, None, declared);
            args.insert(key.to_owned(), value);
        }
    }
    if args.is_empty() { Vec::new() } else { vec![Written { name: name.to_owned(), args: Ok(args) }] }
}

/// The text without namespaces in the tags that matter.
fn plain(text: &str) -> Cow<'_, str> {
    let text = match text.contains(TAG_PREFIX) {
        true => Cow::Owned(text.replace(TAG_PREFIX, "")),
        false => Cow::Borrowed(text),
    };
    if !text.contains(['｜', '‖', '|', ':']) {
        return text;
    }
    let (mut out, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(found) = text[at..].find('<') {
        at += found;
        if let Look::Token(token) = look(&text[at..])
            && (CALLS.contains(&&*token.name) || PARAMETERS.contains(&&*token.name))
        {
            out.push_str(&text[kept..at]);
            out.push_str(if token.closing { "</" } else { "<" });
            out.push_str(&token.name);
            kept = at + token.name_end;
        }
        at += 1;
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

/// An element: its opening tag, and what stands in it.
struct Element<'t> {
    token: Token,
    /// The opening tag.
    head: &'t str,
    body: &'t str,
}

impl Element<'_> {
    /// The value of the attribute `name`, or what stands behind `=`.
    fn name(&self) -> String {
        match attribute(self.head, "name") {
            Some(name) => name.to_owned(),
            None => self.head.split_once('=').map_or("", |(_, name)| unquoted(name)).to_owned(),
        }
    }
}

/// The elements of `text` at its top level, in order. One that is never closed goes on to the next of its
/// name, or to the end.
fn elements(text: &str) -> impl Iterator<Item = Element<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += text[at..].find('<')?;
            let rest = &text[at..];
            let opening = match look(rest) {
                Look::Token(token) if !token.closing => Some(token),
                _ => None,
            };
            let Some((token, head_end)) = opening.and_then(|token| Some((token, rest.find('>')? + 1))) else {
                at += 1;
                continue;
            };
            // What holds calls is no call itself.
            if token.is_call() && !token.is_given() {
                at += head_end;
                continue;
            }
            let inner = &rest[head_end..];
            let (length, end) = extent(inner, &token.name);
            at += head_end + end;
            return Some(Element { token, head: &rest[..head_end - 1], body: &inner[..length] });
        }
    })
}

/// How long the body of an element is, and where what follows it begins.
fn extent(inner: &str, name: &str) -> (usize, usize) {
    let mut at = 0;
    while let Some(found) = inner[at..].find('<') {
        at += found;
        match look(&inner[at..]) {
            Look::Token(token) if token.name == name && token.closing => {
                return (at, at + token.length.max(1));
            }
            Look::Token(token) if token.name == name => return (at, at),
            _ => at += 1,
        }
    }
    (inner.len(), inner.len())
}

/// The value of an attribute in an opening tag.
fn attribute<'t>(head: &'t str, name: &str) -> Option<&'t str> {
    let (at, _) = head.match_indices(name).find(|(at, _)| {
        head[..*at].ends_with(|c: char| c.is_whitespace())
            && head[at + name.len()..].trim_start().starts_with('=')
    })?;
    Some(unquoted(head[at + name.len()..].trim_start().trim_start_matches('=')))
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default().trim(),
        _ => value.split_whitespace().next().unwrap_or_default().trim_end_matches('/'),
    }
}

/// The arguments: `<parameter=KEY>VALUE</parameter>`, `<parameter name="KEY">…`, or `<KEY>VALUE</KEY>`.
fn parameters(body: &str, tool: &str, declared: &Declared<'_>) -> JsonMap {
    let mut args = JsonMap::new();
    for element in elements(body) {
        let is_parameter = PARAMETERS.contains(&&*element.token.name) && element.token.is_given();
        let key = if is_parameter { element.name() } else { element.token.name.clone() };
        // Whether it is text may stand beside it.
        let is_text = attribute(element.head, "string").map(|value| value == "true");
        let value = typed(without_line_ends(element.body), tool, &key, is_text, declared);
        args.insert(key, value);
    }
    args
}

fn without_line_ends(value: &str) -> &str {
    let value = value.strip_prefix('\n').unwrap_or(value);
    value.strip_suffix('\n').unwrap_or(value)
}

/// A value in tags, as the tool's schema wants it: text stays text, the rest is JSON.
fn typed(value: &str, tool: &str, key: &str, is_text: Option<bool>, declared: &Declared<'_>) -> Value {
    let json = || lenient::json(value.trim());
    match (is_text, declared.kind(tool, key)) {
        (Some(true), _) | (None, Some("string")) => value.into(),
        (Some(false), _) | (None, Some(_)) => json().unwrap_or_else(|| value.into()),
        (None, None) => match json() {
            Some(json @ (Value::Object(_) | Value::Array(_) | Value::Number(_) | Value::Bool(_))) => json,
            _ => value.into(),
        },
    }
}
