//! From the Markdown that models write to messages as Telegram takes them.
//!
//! The text and its looks are kept apart, as Telegram itself does: a plain text, and spans over it. So
//! a text is cut at any place by cutting its spans, and no tag is left open or is torn.

mod blank;
mod definitions;
mod delimiters;
mod html;
mod links;
mod markdown;
#[cfg(test)]
mod property;
mod split;
mod table;

pub(super) use blank::shows_nothing;
pub(super) use split::{pieces, units};

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// What stands in the place of a text of which nothing can be seen.
const NOTHING_TO_SEE: &str = "(an answer of which nothing can be seen)";

/// A text with its looks. Spans are in order and nest: one that begins within another ends in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Styled {
    pub(super) text: String,
    pub(super) spans: Vec<Span>,
}

/// How a part of a text looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// In bytes of the text.
    pub(super) range: Range<usize>,
    pub(super) look: Look,
}

/// What Telegram knows of looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Bold,
    Italic,
    Struck,
    Code,
    /// A block of code, in a language.
    Block(String),
    Quote,
    Link(String),
}

/// Markdown as messages of at most `limit` units each. There is always one, and something to be seen
/// in each. Where the Markdown cannot be made into messages, its source is what is sent.
pub(super) fn messages(source: &str, limit: usize) -> Vec<Styled> {
    rendered(source, limit, Styled::markdown)
}

/// A text as it is, as messages of at most `limit` units each.
pub(super) fn plain_messages(text: &str, limit: usize) -> Vec<Styled> {
    rendered(text, limit, |text| Styled::plain(text.replace('\0', "")))
}

/// A text that cannot be rendered must not take along the task that delivers it, with everything that
/// is to be delivered after it. So a panic ends here.
fn rendered(source: &str, limit: usize, read: fn(&str) -> Styled) -> Vec<Styled> {
    let render = || {
        let messages = pieces(&read(source), limit);
        // Written once here, so that nothing fails later.
        messages.iter().for_each(|message| drop(message.html()));
        messages
    };
    let found = catch_unwind(AssertUnwindSafe(render));
    if found.is_err() {
        tracing::warn!("a message could not be made into Telegram's formatting, and goes out as plain text");
    }
    let found = found.unwrap_or_default();
    if !found.is_empty() {
        return found;
    }
    // Nothing of it would be seen.
    match pieces(&Styled::plain(source.replace('\0', "")), limit) {
        plain if plain.is_empty() => vec![Styled::plain(NOTHING_TO_SEE)],
        plain => plain,
    }
}

impl Styled {
    /// Reads Markdown.
    pub(super) fn markdown(text: &str) -> Self {
        markdown::read(text)
    }

    /// A text without looks.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), spans: vec![] }
    }

    /// The same as Telegram's HTML.
    pub(super) fn html(&self) -> String {
        html::write(self)
    }

    /// The text alone, with the address of each link behind it.
    pub(super) fn bare(&self) -> String {
        let mut out = self.text.clone();
        for span in self.spans.iter().rev() {
            if let Look::Link(address) = &span.look
                && !links::says(&self.text[span.range.clone()], address)
            {
                out.insert_str(span.range.end, &format!(" ({address})"));
            }
        }
        out
    }

    /// This text, and what is said before it.
    pub(super) fn after(mut self, remark: &str) -> Self {
        let shift = remark.len() + 1;
        for span in &mut self.spans {
            span.range.start += shift;
            span.range.end += shift;
        }
        self.spans.insert(0, Span { range: 0..remark.len(), look: Look::Italic });
        self.text = format!("{remark}\n{}", self.text);
        self
    }
}
