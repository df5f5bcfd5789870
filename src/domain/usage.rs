//! What a model call cost.

use serde::{Deserialize, Serialize};

/// Tokens and money of one or several model calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read by the model.
    pub input: u64,
    /// Tokens written by the model, reasoning included.
    pub output: u64,
    /// Cost in US dollars; `None` when neither the server nor the configuration gives a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Whether the token counts are our estimate because the server gave none.
    #[serde(default)]
    pub estimated: bool,
}

impl Usage {
    /// Tokens in all.
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// Adds another call's usage to this one.
    pub fn add(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.estimated |= other.estimated;
        self.usd = match (self.usd, other.usd) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
    }
}

/// A guess at how many tokens a text has, when no tokenizer is at hand: four bytes a token for
/// ASCII, one token for every other character. Errs to the high side for prose.
pub fn estimate_tokens(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    let other = text.chars().count() - ascii;
    (ascii.div_ceil(4) + other) as u64
}
