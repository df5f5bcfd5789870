//! Counts what a channel does not hand on, by the reason.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Reasons that are counted apart; further ones are counted as [`OTHERS`].
pub const MAX_REASONS: usize = 200;
/// What stands for reasons beyond [`MAX_REASONS`].
const OTHERS: &str = "others";

/// How many messages were dropped since the channel was made, by reason.
#[derive(Debug, Default)]
pub struct Dropped(Mutex<BTreeMap<String, u64>>);

impl Dropped {
    /// Counts one; returns how many there were of this reason, with it.
    pub fn count(&self, reason: &str) -> u64 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.contains_key(reason) || all.len() < MAX_REASONS;
        let count = all.entry(if known { reason } else { OTHERS }.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// All counts.
    pub fn all(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_counted_apart_up_to_a_limit() {
        let dropped = Dropped::default();
        assert_eq!((dropped.count("a"), dropped.count("a"), dropped.count("b")), (1, 2, 1));
        (0..MAX_REASONS).for_each(|n| drop(dropped.count(&n.to_string())));
        assert_eq!(dropped.all().len(), MAX_REASONS + 1);
        assert_eq!(dropped.all()[OTHERS], 2);
    }
}
