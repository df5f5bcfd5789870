//! Jobs: whether a run begins.

use super::{Ending, Point, object};
use crate::domain::hook::{Hooks, TurnContext};
use serde_json::{Value, json};

impl dyn Hooks + '_ {
    /// Why a run of `job` for the time `scheduled` shall not begin, if a hook says so.
    pub async fn refuses_run(&self, job: &str, scheduled: Value, context: &TurnContext) -> Option<String> {
        if !self.hooked(Point::Cron) {
            return None;
        }
        let value = object(json!({ "job": job, "scheduled": scheduled }));
        match self.thread(Point::Cron, value, context).await.ending? {
            Ending::Deny { reason, by } => Some(format!("refused by the hook at {by}: {reason}")),
            _ => None,
        }
    }
}
