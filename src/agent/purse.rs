//! What a turn has cost so far, its tools' own model calls included.

use crate::domain::usage::Usage;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts. Calls under way are held at their estimate, so that several at once can't overrun a budget
/// that each of them keeps.
#[derive(Debug, Default)]
pub(super) struct Purse(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    spent: Usage,
    under_way: u64,
}

/// Tokens that a call under way will take. Gives them back when dropped.
pub(super) struct Hold<'a> {
    purse: &'a Purse,
    tokens: u64,
}

impl Purse {
    /// What was spent.
    pub(super) fn spent(&self) -> Usage {
        self.held().spent
    }

    /// Adds what a call cost.
    pub(super) fn add(&self, usage: Usage) {
        self.held().spent.add(usage);
    }

    /// Lets `allowed` decide about a call of so many tokens, by what is spent and under way; if it does,
    /// the call is under way until the hold is dropped.
    pub(super) fn hold<T, E>(
        &self,
        tokens: u64,
        allowed: impl FnOnce(Usage) -> Result<T, E>,
    ) -> Result<(T, Hold<'_>), E> {
        let mut held = self.held();
        let mut used = held.spent;
        used.input = used.input.saturating_add(held.under_way);
        let allowed = allowed(used)?;
        held.under_way = held.under_way.saturating_add(tokens);
        Ok((allowed, Hold { purse: self, tokens }))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let mut held = self.purse.held();
        held.under_way = held.under_way.saturating_sub(self.tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_at_the_same_time_see_each_other() {
        let purse = Purse::default();
        let under =
            |limit: u64| move |used: Usage| if used.total() < limit { Ok(()) } else { Err(used.total()) };
        let (_, first) = purse.hold(100, under(50)).expect("nothing is spent yet");
        assert_eq!(purse.hold(100, under(50)).err(), Some(100));
        drop(first);
        assert!(purse.hold(100, under(50)).is_ok());
        purse.add(Usage { input: 50, ..Usage::default() });
        assert_eq!(purse.hold(1, under(50)).err(), Some(50));
    }
}
