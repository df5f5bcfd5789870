//! Reading calls out of text that a model wrote in place of a call: one file for each way of writing.

mod elements;
mod json;
pub(super) mod loose;
mod named;
mod python;
mod sections;

pub(super) use elements::{TAG_PREFIX, names_a_tool};

use crate::{
    domain::{JsonMap, tool::ToolSpec},
    llm::names::Names,
};
use std::borrow::Cow;

/// A call as the model wrote it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) args: Result<JsonMap, String>,
}

/// The tools on offer, by what models call them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declared<'a> {
    pub(super) names: &'a Names,
    pub(super) tools: &'a [ToolSpec],
}

impl Declared<'_> {
    /// Whether the tool that a model calls `said` is on offer.
    pub(super) fn offers(&self, said: &str) -> bool {
        self.names.offers(&self.names.to_ours(said))
    }

    /// Whether the name of a tool on offer begins so.
    pub(super) fn may_become(&self, start: &str) -> bool {
        self.spellings().any(|name| name.starts_with(start))
    }

    /// Whether the tool that a model calls `said` was called in this conversation.
    pub(super) fn knows(&self, said: &str) -> bool {
        self.names.knows(&self.names.to_ours(said))
    }

    /// The tools on offer under their names on the wire and under ours.
    fn spellings(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let names = self.tools.iter().map(|tool| tool.name.as_str());
        names.flat_map(|name| [Cow::Borrowed(name), Cow::Owned(self.names.to_wire(name))])
    }

    /// Whether the name of a tool on offer stands in `text` as a word.
    pub(super) fn mentioned(&self, text: &str) -> bool {
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        self.spellings().any(|name| {
            text.match_indices(&*name).any(|(at, _)| {
                !text[..at].ends_with(is_name) && !text[at + name.len()..].starts_with(is_name)
            })
        })
    }

    /// The tool on offer that a model calls `said`.
    fn spec(&self, said: &str) -> Option<&ToolSpec> {
        let name = self.names.to_ours(said);
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// What the schema says of an argument's type.
    fn kind(&self, tool: &str, key: &str) -> Option<&str> {
        self.spec(tool)?.parameters.get("properties")?.get(key)?.get("type")?.as_str()
    }
}

/// The calls in `text`, in any of the known forms.
pub(super) fn calls(text: &str, declared: &Declared<'_>) -> Vec<Written> {
    let text = plain_quotes(text);
    let text = text.as_ref();
    let readers: [fn(&str, &Declared<'_>) -> Vec<Written>; 6] =
        [json::calls, elements::calls, elements::keyed, sections::calls, named::calls, python::calls];
    readers.iter().map(|read| read(text, declared)).find(|found| !found.is_empty()).unwrap_or_default()
}

/// Some models have tokens for the quotes around strings, so that what is in them needs no escapes.
fn plain_quotes(text: &str) -> Cow<'_, str> {
    const QUOTES: [&str; 3] = ["<|\"|>", "<escape>", "<|\">"];
    let Some(quote) = QUOTES.iter().find(|quote| text.contains(**quote)) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    for (n, part) in text.split(quote).enumerate() {
        match n % 2 {
            0 => out.push_str(part),
            _ => out.push_str(&serde_json::Value::from(part).to_string()),
        }
    }
    Cow::Owned(out)
}

/// Whether `text` can be the name of a tool.
fn is_name(text: &str) -> bool {
    /// No tool has a longer name, whatever a model puts around it.
    const LONGEST: usize = 128;
    (1..=LONGEST).contains(&text.len())
        && text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || "_-./:".contains(c))
}

#[cfg(test)]
mod tests;
