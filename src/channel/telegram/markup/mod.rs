//! From the Markdown that models write to messages as Telegram takes them.
//!
//! The text and its looks are kept apart, as Telegram itself does: a plain text, and spans over it. So
//! a text is cut at any place by cutting its spans, and no tag is left open or is torn.

mod html;
mod markdown;
mod split;

pub(super) use split::{pieces, units};

use std::ops::Range;

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
