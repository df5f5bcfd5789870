//! What is known, and what was learned, of each model's context window.

use crate::domain::{chat::ModelFacts, usage::Usage};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The window that is assumed where nothing is known.
const DEFAULT_WINDOW: u64 = 128_000;
/// No window is taken to be smaller than this.
const LEAST_WINDOW: u64 = 1_024;
/// Tokens kept free for the answer, at most; never more than a quarter of the window.
const ANSWER_RESERVE: u64 = 4_096;
/// Our estimate of a request is off by up to this factor before it is corrected.
const MARGIN: f64 = 0.9;
/// With each answer that was counted lower than expected, the correction falls to this share: one odd
/// text must not make the window small for ever.
const FORGETTING: f64 = 0.98;

#[derive(Clone, Copy, Debug, Default)]
struct Learned {
    window: Option<u64>,
    /// The server's count of tokens for each one that we estimate.
    ratio: Option<f64>,
    /// The person was told that the server seems to read less than it is sent.
    told: bool,
}

/// Windows by model, shared by all turns of the program.
#[derive(Debug, Default)]
pub(super) struct Windows {
    models: Mutex<HashMap<String, Learned>>,
}

impl Windows {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Learned>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many tokens, by our estimate, a request to `model` may have.
    pub(super) fn room(&self, model: &str, facts: &ModelFacts) -> u64 {
        let learned = self.lock().get(model).copied().unwrap_or_default();
        let window = learned
            .window
            .or(facts.context_window.map(u64::from))
            .unwrap_or(DEFAULT_WINDOW)
            .max(LEAST_WINDOW);
        let free = window - ANSWER_RESERVE.min(window / 4);
        (free as f64 * MARGIN / learned.ratio.unwrap_or(1.0).max(1.0)) as u64
    }

    /// How long the answer to a request of `estimate` tokens may be, in the server's count: what is left of
    /// the window, and never more than half of it, so that a model which goes on for ever comes to an end.
    /// `None`: the window is not known, and the server's own limit holds.
    pub(super) fn answer(&self, model: &str, facts: &ModelFacts, estimate: u64) -> Option<u32> {
        let learned = self.lock().get(model).copied().unwrap_or_default();
        let window = learned.window.or(facts.context_window.map(u64::from))?.max(LEAST_WINDOW);
        let asked = (estimate as f64 / MARGIN * learned.ratio.unwrap_or(1.0).max(1.0)) as u64;
        let left = window.saturating_sub(asked).clamp(ANSWER_RESERVE.min(window / 4), window / 2);
        u32::try_from(left).ok()
    }

    /// A request of `estimate` tokens did not fit; `limit` is the window that the server named.
    pub(super) fn overflowed(&self, model: &str, facts: &ModelFacts, estimate: u64, limit: Option<u32>) {
        let room = self.room(model, facts);
        let mut models = self.lock();
        let learned = models.entry(model.to_owned()).or_default();
        match limit.map(u64::from) {
            Some(limit) if learned.window != Some(limit) => {
                learned.window = Some(limit);
                if estimate < limit {
                    let ratio = limit as f64 / estimate.max(1) as f64 * 1.1;
                    learned.ratio = Some(learned.ratio.unwrap_or(1.0).max(ratio));
                }
            }
            // The window was known and our count was too low.
            Some(_) => learned.ratio = Some(learned.ratio.unwrap_or(1.0).max(1.0) * 1.3),
            None => {
                let reached = estimate.min(room.max(1));
                learned.window = Some((reached as f64 * 0.7) as u64);
            }
        }
    }

    /// A request of `estimate` tokens was answered. `true` when the server seems to have read much
    /// less than it was sent, as servers do that silently cut the beginning off, and nobody was told yet.
    pub(super) fn answered(&self, model: &str, estimate: u64, usage: Usage) -> bool {
        if usage.estimated || usage.input == 0 || estimate < 200 {
            return false;
        }
        let ratio = usage.input as f64 / estimate as f64;
        let mut models = self.lock();
        let learned = models.entry(model.to_owned()).or_default();
        let known = learned.ratio.unwrap_or(1.0);
        learned.ratio = Some(if ratio > known { ratio.min(4.0) } else { ratio.max(known * FORGETTING) });
        estimate > 3_000 && ratio < 0.5 && !std::mem::replace(&mut learned.told, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_limit_and_a_high_count_make_the_room_smaller() {
        let windows = Windows::default();
        let facts = ModelFacts::default();
        assert!(windows.room("m", &facts) > 100_000);
        windows.overflowed("m", &facts, 50_000, Some(8_192));
        let room = windows.room("m", &facts);
        assert!(room < 8_192 && room > 4_000, "{room}");
        windows.overflowed("m", &facts, 5_000, Some(8_192));
        assert!(windows.room("m", &facts) < room);
        assert!(windows.room("other", &facts) > 100_000);
    }

    #[test]
    fn an_answer_may_be_as_long_as_the_window_leaves_room() {
        let windows = Windows::default();
        let facts = |window| ModelFacts { context_window: window, ..ModelFacts::default() };
        assert_eq!(windows.answer("m", &facts(None), 100), None, "the server's own limit holds");
        assert_eq!(windows.answer("m", &facts(Some(8_192)), 100), Some(4_096));
        assert_eq!(windows.answer("m", &facts(Some(8_192)), 5_400), Some(2_192));
        assert_eq!(windows.answer("m", &facts(Some(8_192)), 8_000), Some(2_048), "what is kept free for it");
        windows.overflowed("m", &facts(None), 50_000, Some(4_096));
        assert!(windows.answer("m", &facts(None), 100).is_some_and(|most| most <= 2_048));
    }

    #[test]
    fn an_unnamed_limit_is_felt_for() {
        let windows = Windows::default();
        let facts = ModelFacts::default();
        let mut estimate = 100_000;
        for _ in 0..7 {
            windows.overflowed("m", &facts, estimate, None);
            let room = windows.room("m", &facts);
            assert!(room < estimate);
            estimate = room;
        }
        assert!(estimate < 8_192);
    }
}
