//! Old conversations, removed as the setting `keep_sessions_days` says.

use super::Service;
use crate::{
    app::assemble::Live,
    domain::BoxFuture,
    health::Tasks,
    memory::{Memory, Stale},
    telemetry::NOTICE,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::task::JoinHandle;

/// How often it is looked for some.
const EVERY: Duration = Duration::from_secs(6 * 3_600);
const DAY_MS: i64 = 86_400_000;

/// Removes them while the program stays.
pub(in crate::app) struct Pruning {
    memory: Memory,
    tasks: Tasks,
    /// After so many days; and what does it.
    running: Mutex<Option<(u32, JoinHandle<()>)>>,
}

impl Pruning {
    pub(in crate::app) fn new(memory: Memory, tasks: Tasks) -> Self {
        Self { memory, tasks, running: Mutex::default() }
    }

    fn run(&self, days: Option<u32>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.as_ref().map(|(known, _)| *known) == days {
            return;
        }
        if let Some((_, task)) = running.take() {
            task.abort();
        }
        *running = days.map(|days| {
            let memory = self.memory.clone();
            (days, self.tasks.spawn("pruning", move || prune(memory.clone(), days)))
        });
    }
}

impl Service for Pruning {
    fn apply<'a>(&'a self, live: &'a Arc<Live>) -> BoxFuture<'a, ()> {
        self.run(live.loaded.settings.keep_sessions_days);
        Box::pin(std::future::ready(()))
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        self.run(None);
        Box::pin(std::future::ready(()))
    }
}

async fn prune(memory: Memory, days: u32) {
    loop {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        let stale = Stale { before_ms: now - i64::from(days) * DAY_MS, named: false };
        match memory.prune(stale).await {
            Ok(done) if done.sessions == 0 => {}
            Ok(done) => tracing::info!(
                target: NOTICE,
                "{} conversations with {} messages were removed: nobody had spoken in them for {days} days",
                done.sessions,
                done.messages
            ),
            Err(error) => tracing::error!("old conversations could not be removed: {error}"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
