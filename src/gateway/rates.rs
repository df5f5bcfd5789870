//! How often people, channels and devices may speak.
//!
//! What is counted is what costs something: messages, and commands of the user's own. `/stop` and
//! answers to questions always get through.

use crate::domain::rates::{Rate, Rates};
use governor::{Quota, RateLimiter, clock::Clock, clock::DefaultClock, state::keyed::HashMapStateStore};
use std::{
    collections::{HashMap, HashSet},
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// People, devices or addresses that are told apart; when there are more, further ones share one count.
pub const MAX_COUNTED: usize = 4_096;

/// What was refused for coming too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOften {
    /// When the next one is taken.
    pub retry_after: Duration,
    /// Whether this is the first refusal since something was taken: one that is worth telling of.
    pub first: bool,
}

/// Counts by name, at one rate.
pub struct Counter {
    rate: Rate,
    limiter: RateLimiter<String, HashMapStateStore<String>, DefaultClock>,
    clock: DefaultClock,
    /// Those who were refused since they were last let through.
    refused: Mutex<HashSet<String>>,
}

impl Counter {
    /// A counter for this rate.
    pub fn new(rate: Rate) -> Self {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(at_least_one(rate.per_minute)).allow_burst(at_least_one(rate.burst));
        let clock = DefaultClock::default();
        let limiter = RateLimiter::new(quota, HashMapStateStore::default(), clock.clone());
        Self { rate, limiter, clock, refused: Mutex::default() }
    }

    /// Counts one more of `name`'s.
    ///
    /// # Errors
    /// Where it comes too early; then it does not count.
    pub fn take(&self, name: &str) -> Result<(), TooOften> {
        let mut key = name.to_owned();
        if self.limiter.len() >= MAX_COUNTED {
            // Those who have been quiet long enough are as good as new.
            self.limiter.retain_recent();
            if self.limiter.len() >= MAX_COUNTED {
                key = String::new();
            }
        }
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match self.limiter.check_key(&key) {
            Ok(()) => {
                refused.remove(name);
                Ok(())
            }
            Err(until) => {
                if refused.len() >= MAX_COUNTED {
                    refused.clear();
                }
                let retry_after = until.wait_time_from(self.clock.now());
                Err(TooOften { retry_after, first: refused.insert(name.to_owned()) })
            }
        }
    }
}

/// The counters of a channel.
struct Counters {
    rates: Rates,
    person: Counter,
    /// Commands are counted by themselves: who may not speak for a while can still look.
    commands: Counter,
    whole: Counter,
}

impl Counters {
    fn new(rates: Rates) -> Self {
        let Rates { person, whole } = rates;
        let counter = Counter::new;
        Self { rates, person: counter(person), commands: counter(person), whole: counter(whole) }
    }
}

/// The rates in force. One outlives generations of the configuration, and so do its counts.
pub struct Limits {
    channels: Mutex<HashMap<String, Option<Arc<Counters>>>>,
    devices: Mutex<Option<Arc<Counter>>>,
    failures: Counter,
}

/// How often a wrong token may be given from one address before that is all the answer says.
pub const FAILURES: Rate = Rate { per_minute: 10, burst: 10 };

impl Default for Limits {
    fn default() -> Self {
        Self {
            channels: Mutex::default(),
            devices: Mutex::new(Some(devices(Rates::default()))),
            failures: Counter::new(FAILURES),
        }
    }
}

fn devices(rates: Rates) -> Arc<Counter> {
    Arc::new(Counter::new(rates.person))
}

impl Limits {
    /// From now on these rates hold: `default` for devices, and for each channel its own. `None`: none.
    pub fn change(
        &self,
        default: Option<Rates>,
        channels: impl IntoIterator<Item = (String, Option<Rates>)>,
    ) {
        let mut devices_now = lock(&self.devices);
        if devices_now.as_ref().map(|counter| counter.rate) != default.map(|rates| rates.person) {
            *devices_now = default.map(devices);
        }
        drop(devices_now);
        let mut old = lock(&self.channels);
        let new = channels.into_iter().map(|(name, rates)| {
            // The same rates count on: a reload forgives nothing.
            let kept = old.remove(&name).flatten().filter(|counters| Some(counters.rates) == rates);
            let counters = kept.or_else(|| rates.map(|rates| Arc::new(Counters::new(rates))));
            (name, counters)
        });
        let new = new.collect();
        *old = new;
    }

    /// Counts a message of a person on a channel.
    pub(super) fn message(&self, channel: &str, user: &str, command: bool) -> Result<(), TooOften> {
        let Some(counters) = lock(&self.channels).get(channel).cloned().flatten() else { return Ok(()) };
        // The person first: what they send too much of is not at the cost of the others.
        if command {
            counters.commands.take(user)?
        } else {
            counters.person.take(user)?
        }
        counters.whole.take(channel)
    }

    /// Counts a wrong token from an address.
    pub(super) fn failure(&self, from: &str) -> Result<(), TooOften> {
        self.failures.take(from)
    }

    /// Counts a message of a device.
    ///
    /// # Errors
    /// Where it comes too early.
    pub fn device(&self, device: &str) -> Result<(), TooOften> {
        let counter = lock(&self.devices).clone();
        counter.map_or(Ok(()), |counter| counter.take(device))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_minute: u32, burst: u32) -> Rate {
        Rate { per_minute, burst }
    }

    #[test]
    fn a_burst_then_a_refusal_that_is_told_once() {
        let counter = Counter::new(rate(1, 3));
        for _ in 0..3 {
            assert_eq!(counter.take("ada"), Ok(()));
        }
        let first = counter.take("ada").unwrap_err();
        assert!(first.first && first.retry_after > Duration::from_secs(30), "{first:?}");
        assert!(!counter.take("ada").unwrap_err().first);
        assert_eq!(counter.take("bob"), Ok(()), "others have their own");
    }

    #[test]
    fn names_without_end_take_no_memory_without_end() {
        let counter = Counter::new(rate(1, 1));
        let refused = (0..3 * MAX_COUNTED).filter(|n| counter.take(&n.to_string()).is_err()).count();
        assert!(counter.limiter.len() <= MAX_COUNTED + 1, "{}", counter.limiter.len());
        assert!(refused > MAX_COUNTED, "those that are too many share one count: {refused}");
        assert!(lock(&counter.refused).len() <= MAX_COUNTED);
    }

    #[test]
    fn a_person_cannot_use_up_what_others_may_send() {
        let limits = Limits::default();
        let rates = Rates { person: rate(1, 2), whole: rate(1, 3) };
        limits.change(None, [("hook".into(), Some(rates))]);
        assert!((0..10).filter(|_| limits.message("hook", "ada", false).is_ok()).count() == 2);
        assert!(limits.message("hook", "bob", false).is_ok());
        assert!(limits.message("hook", "cyd", false).is_err(), "the channel is full");
        assert!(limits.message("other", "cyd", false).is_ok(), "no rate, no refusal");
    }

    #[test]
    fn a_reload_forgives_nothing_and_a_changed_rate_counts_anew() {
        let limits = Limits::default();
        let rates = |n| Rates { person: rate(1, n), whole: rate(100, 100) };
        limits.change(None, [("hook".into(), Some(rates(1)))]);
        assert!(limits.message("hook", "ada", false).is_ok());
        limits.change(None, [("hook".into(), Some(rates(1)))]);
        assert!(limits.message("hook", "ada", false).is_err());
        limits.change(None, [("hook".into(), Some(rates(2)))]);
        assert!(limits.message("hook", "ada", false).is_ok());
        assert!(limits.device("phone").is_ok(), "devices have none");
    }
}
