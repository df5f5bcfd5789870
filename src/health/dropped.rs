//! Counters of input that was dropped, cut or not understood.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts by place and reason. Both are few and fixed: names of channels and parts of the program, and
/// constants of the code. Clones share the counts.
#[derive(Clone, Default)]
pub struct Dropped(Arc<Mutex<BTreeMap<String, BTreeMap<&'static str, u64>>>>);

impl Dropped {
    /// Counts something that was dropped at `place` for `reason`, and logs it with `detail`.
    pub fn count(&self, place: &str, reason: &'static str, detail: impl Display) {
        tracing::warn!(place, "{reason}: {detail}");
        self.add(place, reason);
    }

    /// The same for what may come in floods: logged at the first, second, fourth, eighth time and so on.
    pub fn count_flood(&self, place: &str, reason: &'static str, detail: impl Display) {
        let count = self.add(place, reason);
        if count.is_power_of_two() {
            tracing::warn!(place, count, "{reason}: {detail}");
        }
    }

    /// All counts, by place and reason.
    pub fn all(&self) -> BTreeMap<String, BTreeMap<&'static str, u64>> {
        self.lock().clone()
    }

    fn add(&self, place: &str, reason: &'static str) -> u64 {
        let mut counts = self.lock();
        let count = counts.entry(place.to_owned()).or_default().entry(reason).or_default();
        *count += 1;
        *count
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BTreeMap<&'static str, u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
