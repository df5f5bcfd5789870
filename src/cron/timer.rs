//! The alarm: tokio-cron-scheduler, holding one job that fires once.
//!
//! It knows neither zones nor what was missed, and looks at the clock on the wall twice a second: it is
//! there for the last seconds before a time only. It has a thread of its own, because its tasks end
//! with their runtime only.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::{Notify, mpsc};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// How long is waited when the alarm cannot be set.
const WITHOUT: Duration = Duration::from_secs(1);
/// How long an alarm that is not wanted any more may take to go.
const REMOVAL: Duration = Duration::from_secs(1);

/// The alarm. Its thread exists while somebody waits.
#[derive(Default)]
pub(super) struct Timer {
    thread: Mutex<Option<Thread>>,
}

struct Thread {
    orders: mpsc::UnboundedSender<i64>,
    rang: Arc<Notify>,
    /// What it is set to.
    at_ms: i64,
    handle: JoinHandle<()>,
}

impl Timer {
    /// Waits until the clock shows `at_ms`, or for an earlier alarm that was set before.
    pub(super) async fn wait(&self, at_ms: i64) {
        match self.set(at_ms) {
            Some(rang) => {
                rang.notified().await;
                self.spent();
            }
            None => tokio::time::sleep(WITHOUT).await,
        }
    }

    fn set(&self, at_ms: i64) -> Option<Arc<Notify>> {
        let mut slot = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_none_or(|thread| thread.handle.is_finished()) {
            *slot = Some(Thread::start()?);
        }
        let thread = slot.as_mut()?;
        if thread.at_ms != at_ms {
            thread.orders.send(at_ms).ok()?;
            thread.at_ms = at_ms;
        }
        Some(thread.rang.clone())
    }

    /// The alarm has rung: the same time has to be set anew, should the clock be put back.
    fn spent(&self) {
        if let Some(thread) = &mut *self.thread.lock().unwrap_or_else(PoisonError::into_inner) {
            thread.at_ms = i64::MIN;
        }
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Thread {
    fn start() -> Option<Self> {
        let (orders, inbox) = mpsc::unbounded_channel();
        let rang = Arc::new(Notify::new());
        let theirs = rang.clone();
        let spawned = std::thread::Builder::new().name("cron-timer".into()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
                Ok(runtime) => runtime,
                Err(error) => return tracing::error!(target: "cron", "no runtime for the timer: {error}"),
            };
            if let Err(error) = runtime.block_on(serve(inbox, theirs)) {
                tracing::error!(target: "cron", "the timer failed: {error}");
            }
        });
        match spawned {
            Ok(handle) => Some(Self { orders, rang, at_ms: i64::MIN, handle }),
            Err(error) => {
                tracing::error!(target: "cron", "no thread for the timer: {error}");
                None
            }
        }
    }
}

/// Sets the alarm as it is told, until nobody can tell any more.
async fn serve(mut inbox: mpsc::UnboundedReceiver<i64>, rang: Arc<Notify>) -> Result<(), JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    scheduler.start().await?;
    let mut set = None;
    while let Some(mut at_ms) = inbox.recv().await {
        while let Ok(newer) = inbox.try_recv() {
            at_ms = newer;
        }
        if let Some(old) = set.take() {
            // One that has rung is gone already.
            let _ = tokio::time::timeout(REMOVAL, scheduler.remove(&old)).await;
        }
        let rang = rang.clone();
        let job = Job::new_one_shot(ahead(at_ms), move |_, _| rang.notify_one())?;
        set = Some(scheduler.add(job).await?);
    }
    Ok(())
}

/// How far ahead `at_ms` is, for a scheduler that counts in whole seconds of the clock.
fn ahead(at_ms: i64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let at = u64::try_from(at_ms).unwrap_or(0).div_ceil(1_000);
    Duration::from_secs(at.saturating_sub(now))
}
