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

/// Roughly how many tokens `text` is: a quarter of its ASCII characters, and one for every other
/// character. For deciding and for marked estimates, never for bills.
pub fn estimate_tokens(text: &str) -> u64 {
    let chars = text.chars().count() as u64;
    if chars == text.len() as u64 {
        return chars.div_ceil(ASCII_PER_TOKEN);
    }
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    ascii.div_ceil(ASCII_PER_TOKEN) + (chars - ascii)
}

const ASCII_PER_TOKEN: u64 = 4;

#[cfg(test)]
mod tests {
    use super::estimate_tokens;

    #[test]
    fn estimates_follow_the_script() {
        assert_eq!(estimate_tokens(""), 0);
        assert_eq!(estimate_tokens("abc"), 1);
        assert_eq!(estimate_tokens("12345678"), 2);
        assert_eq!(estimate_tokens("안녕 a"), 3);
    }
}
