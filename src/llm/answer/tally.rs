//! Token counts, wherever servers put them.

use serde_json::Value;

/// What a server said on tokens and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::llm) struct Tally {
    /// Tokens read.
    pub(in crate::llm) input: u64,
    /// Tokens written.
    pub(in crate::llm) output: u64,
    /// US dollars.
    pub(in crate::llm) usd: Option<f64>,
}

impl Tally {
    /// The counts in a chunk, unless there are none or all are zero.
    pub(super) fn of_chunk(chunk: &Value) -> Option<Self> {
        ["/usage", "/choices/0/usage", "/x_groq/usage"]
            .iter()
            .find_map(|path| Self::read(chunk.pointer(path)?))
    }

    fn read(usage: &Value) -> Option<Self> {
        let count = |names: [&str; 2]| {
            names.iter().find_map(|name| {
                let value = usage.get(*name)?;
                value.as_u64().or_else(|| value.as_f64().map(|n| n.max(0.0) as u64))
            })
        };
        let tally = Self {
            input: count(["prompt_tokens", "input_tokens"]).unwrap_or(0),
            output: count(["completion_tokens", "output_tokens"]).unwrap_or(0),
            usd: usage.get("cost").and_then(Value::as_f64).filter(|usd| usd.is_finite() && *usd >= 0.0),
        };
        (tally.input > 0 || tally.output > 0).then_some(tally)
    }
}
