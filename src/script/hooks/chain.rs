//! The hooks of one point, and how often each failed.

use super::super::{errors::ScriptError, handle::ScriptHandle};
use crate::domain::plan::{Handler, Plan};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Failures in a row after which a hook that may fail is switched off.
const FAILURES: u32 = 3;

/// A hook, and how often it failed since it last did not.
pub(super) struct Hook {
    pub(super) handler: Handler,
    failures: AtomicU32,
}

/// The hooks of a point, in the order in which they run. Clones share them.
#[derive(Clone)]
pub(super) struct Chain(Arc<[Hook]>);

impl Chain {
    /// Those that `plan` declares at `point`.
    pub(super) fn of(plan: &Plan, point: &str) -> Self {
        let hooks = plan.hooks.iter().filter(|handler| handler.point == point);
        Self(hooks.map(|handler| Hook { handler: handler.clone(), failures: AtomicU32::new(0) }).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is none that would run.
    pub(super) fn is_off(&self) -> bool {
        self.0.iter().all(Hook::off)
    }

    /// How long all of them may take.
    pub(super) fn wait(&self, each: Duration) -> Duration {
        each * self.0.len() as u32
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Hook> {
        self.0.iter()
    }

    /// Those that are not switched off, with their places.
    pub(super) fn running(&self) -> impl Iterator<Item = (usize, &Hook)> {
        self.0.iter().enumerate().filter(|(_, hook)| !hook.off())
    }

    /// Where they were written.
    pub(super) fn places(&self) -> String {
        let places: Vec<_> = self.0.iter().map(|hook| hook.handler.location.as_str()).collect();
        places.join(", ")
    }

    /// Counts what became of the hooks that ran. The third failure in a row is a hook's last.
    pub(super) fn count(&self, outcomes: &[Outcome], handle: &ScriptHandle) {
        for (index, failure) in outcomes {
            self.0[*index].count(failure.as_ref(), handle);
        }
    }
}

/// The place of a hook in its chain, and how it failed, if it did.
pub(super) type Outcome = (usize, Option<ScriptError>);

impl Hook {
    fn off(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= FAILURES
    }

    fn count(&self, failure: Option<&ScriptError>, handle: &ScriptHandle) {
        let Some(error) = failure else {
            self.failures.store(0, Ordering::Relaxed);
            return;
        };
        let Handler { point, location, .. } = &self.handler;
        tracing::warn!(target: "script", at = location, "a {point} hook failed and changed nothing: {error}");
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 == FAILURES {
            handle.shared.tell(&format!(
                "the {point} hook at {location} failed {FAILURES} times in a row and is switched off until the \
                 configuration is loaded again: {error}"
            ));
        }
    }
}
