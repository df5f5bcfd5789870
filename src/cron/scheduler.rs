//! The scheduler, as the engine holds it.

use super::{
    actor::{Actor, Message},
    clock::Clock,
    work::Work,
    zone::Zone,
};
use crate::{
    domain::{cron::CronStore, plan::CronSpec},
    health::Tasks,
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

/// Tells the zone of jobs that name none. Asked again and again: the machine's may be changed.
pub type Zones = Arc<dyn Fn() -> Zone + Send + Sync>;

/// Runs the jobs of a configuration file. Its task exists once there has been a job.
pub struct Scheduler {
    store: Arc<dyn CronStore>,
    clock: Arc<dyn Clock>,
    config: String,
    tasks: Tasks,
    running: Mutex<Option<(mpsc::UnboundedSender<Message>, JoinHandle<()>)>>,
}

impl Scheduler {
    /// A scheduler of the jobs that the file `config` declares. It does nothing yet.
    pub fn new(store: Arc<dyn CronStore>, clock: Arc<dyn Clock>, config: String, tasks: Tasks) -> Self {
        Self { store, clock, config, tasks, running: Mutex::default() }
    }

    /// From now on, these are the jobs; `zones` tells the zone of those that name none. What has the same
    /// schedule goes on as it was. Runs under way end with the `work` that they began with. Returns
    /// when all of that is stored.
    pub async fn apply(&self, jobs: Vec<Arc<CronSpec>>, zones: Zones, work: Arc<dyn Work>) {
        if jobs.is_empty() && !self.is_running() && !self.has_stored().await {
            return;
        }
        let (done, applied) = oneshot::channel();
        let message = Message::Apply { jobs, zones, work, done };
        if self.sender().send(message).is_ok() {
            let _ = applied.await;
        }
    }

    /// Lets runs under way end, for a short time, stops the others, and stores all of that.
    pub async fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((messages, task)) = running {
            let _ = messages.send(Message::Stop);
            let _ = task.await;
        }
    }

    fn is_running(&self) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether an earlier configuration left jobs behind.
    async fn has_stored(&self) -> bool {
        match self.store.jobs(&self.config).await {
            Ok(jobs) => !jobs.is_empty(),
            Err(error) => {
                tracing::warn!(target: "cron", "{error}");
                false
            }
        }
    }

    fn sender(&self) -> mpsc::UnboundedSender<Message> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let (sender, _) = running.get_or_insert_with(|| {
            let (sender, inbox) = mpsc::unbounded_channel();
            let (store, clock, tasks) = (self.store.clone(), self.clock.clone(), self.tasks.clone());
            let actor = Actor::new(store, clock, self.config.clone(), inbox, tasks);
            (sender, tokio::spawn(actor.run()))
        });
        sender.clone()
    }
}
