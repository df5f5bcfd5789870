//! How often somebody may speak.

/// So many messages in a minute, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In a minute, over time. At least 1.
    pub per_minute: u32,
    /// At once, after a pause. At least 1.
    pub burst: u32,
}

/// The rates of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Of each person.
    pub person: Rate,
    /// Of all of them together.
    pub whole: Rate,
}

/// So many times what one person may do, a whole channel may, where nothing else is said.
const PERSONS: u32 = 10;

impl Default for Rates {
    fn default() -> Self {
        Self::of(60, None, None, None)
    }
}

impl Rates {
    /// The names of the parts in a table.
    pub const KEYS: [&'static str; 4] = ["per_minute", "burst", "channel_per_minute", "channel_burst"];

    /// What is left out follows from the rest: as many at once as in a minute, and a channel takes what
    /// ten persons may send.
    pub fn of(
        per_minute: u32,
        burst: Option<u32>,
        channel_per_minute: Option<u32>,
        channel_burst: Option<u32>,
    ) -> Self {
        let person = Rate { per_minute, burst: burst.unwrap_or(per_minute) };
        let whole = Rate {
            per_minute: channel_per_minute.unwrap_or(person.per_minute.saturating_mul(PERSONS)),
            burst: channel_burst.unwrap_or(person.burst.saturating_mul(PERSONS)),
        };
        Self { person, whole }
    }
}
