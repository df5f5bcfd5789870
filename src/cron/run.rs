//! One run, from its beginning to the delivery of its text.

use super::{
    clock::Clock,
    work::{Ended, Run, Work, WorkEnd},
};
use crate::{
    domain::{
        cron::{CronStore, RunEnd, RunState},
        cut,
        plan::CronWork,
    },
    health::chaos,
};
use std::{sync::Arc, time::Duration};

/// How many characters of a run's text and of its error the history keeps.
pub const KEPT_CHARS: usize = 2_000;
/// How long is waited before each further try to deliver a text.
pub const DELIVERY_WAITS: [Duration; 3] =
    [Duration::from_secs(2), Duration::from_secs(15), Duration::from_secs(60)];
/// How much longer than its time-out a run may take: what stops it better has gone first.
const BEYOND: Duration = Duration::from_secs(5);

/// How a run came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub state: RunState,
    /// Why, where it did not end well.
    pub error: Option<String>,
    /// The text that it gave.
    pub text: Option<String>,
}

/// Does a run that is marked as running, and stores how it ended.
pub(super) async fn perform(run: &Run, work: &dyn Work, store: &dyn CronStore, clock: &dyn Clock) -> Outcome {
    chaos::point("job");
    let limit = run.job.timeout + BEYOND;
    let end = match &run.job.work {
        // Its time is its own: what it starts and waits for has another.
        CronWork::Handler(_) => work.perform(run).await,
        CronWork::Prompt { .. } => match tokio::time::timeout(limit, work.perform(run)).await {
            Ok(end) => end,
            Err(_) => WorkEnd::TimedOut(format!("stopped after {} s", limit.as_secs())),
        },
    };
    let outcome = match end {
        WorkEnd::Done(text) => Outcome { state: RunState::Ok, error: None, text },
        WorkEnd::Refused(why) => Outcome { state: RunState::Skipped, error: Some(why), text: None },
        WorkEnd::Failed(why) => Outcome { state: RunState::Failed, error: Some(why), text: None },
        WorkEnd::TimedOut(why) => Outcome { state: RunState::Timeout, error: Some(why), text: None },
    };
    let now_ms = clock.now_ms();
    let text = outcome.text.as_deref().filter(|text| !text.trim().is_empty());
    let end = RunEnd {
        delivers: run.job.to.is_some() && text.is_some(),
        state: outcome.state,
        error: outcome.error.as_deref().map(|error| cut::middle(error, KEPT_CHARS)),
        output: outcome.text.as_deref().map(|text| cut::middle(text, KEPT_CHARS)),
        now_ms,
    };
    let job = &run.job.name;
    match store.end(run.id, end).await {
        Ok(()) => {}
        Err(error) if error.is_delayed() => {
            tracing::warn!(target: "cron", job, "how a run ended is not stored yet: {error}");
        }
        Err(error) => tracing::error!(target: "cron", job, "how a run ended could not be stored: {error}"),
    }
    match &outcome.error {
        Some(error) => tracing::warn!(target: "cron", job, state = outcome.state.as_str(), "{error}"),
        None => tracing::info!(target: "cron", job, "done"),
    }
    let duration_ms = (now_ms - run.started_ms).max(0);
    work.ended(Ended { run, state: outcome.state, error: outcome.error.as_deref(), duration_ms });
    outcome
}

/// Delivers what a run gave, with further tries. The error of the last one is stored.
pub async fn deliver(
    run: &Run,
    text: &str,
    work: &dyn Work,
    store: &dyn CronStore,
    clock: &dyn Clock,
    waits: &[Duration],
) -> Result<(), String> {
    let Some(to) = run.job.to.as_deref().filter(|_| !text.trim().is_empty()) else { return Ok(()) };
    let job = &run.job.name;
    let note = async |error: Option<&str>| {
        if let Err(error) = store.delivery(run.id, error).await {
            tracing::error!(target: "cron", job, "what became of a text could not be stored: {error}");
        }
    };
    let mut waits = waits.iter();
    loop {
        let failure = match work.deliver(to, text).await {
            Ok(()) => {
                note(None).await;
                return Ok(());
            }
            Err(failure) => failure,
        };
        match waits.next() {
            Some(wait) if failure.again => {
                tracing::info!(target: "cron", job, to, "not delivered yet: {}", failure.message);
                clock.sleep(*wait).await;
            }
            _ => {
                let message = cut::middle(&failure.message, KEPT_CHARS);
                tracing::warn!(target: "cron", job, to, "not delivered: {message}");
                note(Some(&message)).await;
                return Err(message);
            }
        }
    }
}

/// Runs a job now because a person asked; `stop` ends it before its time. Nothing changes about when
/// it is due.
///
/// # Errors
/// Where the store fails.
pub async fn run_now(
    job: Arc<crate::domain::plan::CronSpec>,
    config: &str,
    work: &dyn Work,
    store: &dyn CronStore,
    clock: &dyn Clock,
    stop: impl Future<Output = ()>,
) -> Result<(Run, Outcome), crate::domain::store::StoreError> {
    let now = clock.now_ms();
    let id = store.begin_manual(config, &job.name, now).await?;
    let run = Run { id, job, scheduled_ms: now, started_ms: now, missed: 0, attempt: 1, manual: true };
    let outcome = tokio::select! {
        outcome = perform(&run, work, store, clock) => outcome,
        () = stop => {
            let (state, error) = (RunState::Interrupted, Some("it was stopped by hand".to_owned()));
            let now_ms = clock.now_ms();
            store.end(id, RunEnd { state, error: error.clone(), output: None, delivers: false, now_ms }).await?;
            Outcome { state, error, text: None }
        }
    };
    Ok((run, outcome))
}
