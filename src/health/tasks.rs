//! Background tasks: a panic is logged and counted, and the task starts again.

use super::panic_message;
use futures_util::FutureExt;
use serde::Serialize;
use std::{
    any::Any,
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::task::JoinHandle;

/// The wait before a task that panicked starts again; it doubles each time.
pub const TASK_RESTART_FIRST: Duration = Duration::from_millis(500);
/// The longest such wait. A task that ran as long begins with the first one again.
pub const TASK_RESTART_LONGEST: Duration = Duration::from_secs(60);

/// How a task failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskFailure {
    /// The task: `delivery:telegram`, `cron`, …
    pub task: String,
    /// How often it has failed since the program started.
    pub failures: u64,
    /// The message of the last panic.
    pub error: String,
    /// When that was, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// After how many seconds it started again.
    pub retry_in_s: f64,
}

type Listener = Arc<dyn Fn(&TaskFailure) + Send + Sync>;

#[derive(Default)]
struct State {
    failures: BTreeMap<String, TaskFailure>,
    listener: Option<Listener>,
}

/// The background tasks of the program. Clones share what is known of them.
#[derive(Clone, Default)]
pub struct Tasks(Arc<Mutex<State>>);

impl Tasks {
    /// From now on `listener` hears of each failure.
    pub fn listen(&self, listener: impl Fn(&TaskFailure) + Send + Sync + 'static) {
        self.lock().listener = Some(Arc::new(listener));
    }

    /// Starts a task that is run again whenever it panics, until it returns.
    pub fn spawn<F, R>(&self, name: &str, work: F) -> JoinHandle<()>
    where
        F: FnMut() -> R + Send + 'static,
        R: Future<Output = ()> + Send,
    {
        let (tasks, name) = (self.clone(), name.to_owned());
        tokio::spawn(async move { tasks.supervise(&name, work).await })
    }

    /// Does `work` again whenever it panics, until it returns. Dropping the future drops the work.
    pub async fn supervise<F, R>(&self, name: &str, mut work: F)
    where
        F: FnMut() -> R,
        R: Future<Output = ()>,
    {
        let mut wait = TASK_RESTART_FIRST;
        loop {
            let began = Instant::now();
            let Err(panic) = AssertUnwindSafe(work()).catch_unwind().await else { return };
            if began.elapsed() >= TASK_RESTART_LONGEST {
                wait = TASK_RESTART_FIRST;
            }
            self.failed(name, &*panic, wait);
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(TASK_RESTART_LONGEST);
        }
    }

    /// Does `work` once. A panic is noted as a failure of the task `name`; `Err`: its message.
    pub async fn guard<T>(&self, name: &str, work: impl Future<Output = T>) -> Result<T, String> {
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(done) => Ok(done),
            Err(panic) => {
                self.failed(name, &*panic, Duration::ZERO);
                Err(panic_message(&*panic).to_owned())
            }
        }
    }

    /// Notes that a task panicked and goes on after `wait`.
    pub fn failed(&self, name: &str, panic: &(dyn Any + Send), wait: Duration) {
        let error = panic_message(panic).to_owned();
        tracing::error!(task = name, retry_in = wait.as_secs_f64(), "a background task panicked: {error}");
        let at_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let (failure, listener) = {
            let mut state = self.lock();
            let failures = state.failures.get(name).map_or(0, |known| known.failures) + 1;
            let failure = TaskFailure {
                task: name.to_owned(),
                failures,
                error,
                at_ms: i64::try_from(at_ms).unwrap_or(i64::MAX),
                retry_in_s: wait.as_secs_f64(),
            };
            state.failures.insert(name.to_owned(), failure.clone());
            (failure, state.listener.clone())
        };
        if let Some(listener) = listener {
            listener(&failure);
        }
    }

    /// The tasks that have failed since the program started.
    pub fn failures(&self) -> Vec<TaskFailure> {
        self.lock().failures.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn a_task_that_panics_starts_again_and_is_told_of() {
        let (tasks, runs, told) =
            (Tasks::default(), Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let heard = told.clone();
        tasks.listen(move |failure| {
            assert_eq!((failure.task.as_str(), failure.error.as_str()), ("sweeper", "boom 1"));
            heard.fetch_add(1, Ordering::Relaxed);
        });
        let counted = runs.clone();
        let work = move || {
            let run = counted.fetch_add(1, Ordering::Relaxed) + 1;
            async move { assert!(run > 1, "boom {run}") }
        };
        tasks.spawn("sweeper", work).await.expect("the supervisor itself does not panic");
        assert_eq!((runs.load(Ordering::Relaxed), told.load(Ordering::Relaxed)), (2, 1));
        assert_eq!(tasks.failures().len(), 1);
    }
}
