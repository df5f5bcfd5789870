//! One queued piece of work for the writing thread.

use super::super::{damage::Site, desk::Desk, error::Fault};
use crate::{
    domain::store::StoreError,
    health::{TASK_RESTART_FIRST, TASK_RESTART_LONGEST, chaos, panic_message},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use tokio::sync::oneshot;

/// A kept piece that panicked so often is set aside, and tried again by itself.
const MAX_PIECE_PANICS: u32 = 2;

/// How a piece uses the connection, and what happens when the database is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) access: Access,
    /// The piece records something that has happened already. It stays in the queue, in its place, until
    /// it is stored.
    pub(super) kept: bool,
}

/// How a piece uses the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Writes by several statements, in a savepoint.
    Writes,
    /// Writes by one statement, which leaves no trace by itself when it fails.
    WritesOnce,
    /// Only reads: no transaction for writing.
    Reads,
}

/// A piece, without the type of its result.
pub(super) trait Work: Send {
    /// How it uses the connection.
    fn kind(&self) -> Kind;

    /// Does it, so that it leaves no trace when it fails. May be called again after the transaction was
    /// rolled back. Returns the error that says that the database is not available, if that is why it failed.
    fn run(&mut self, desk: &mut Desk<'_>) -> Result<(), StoreError>;

    /// Why it has to be run again, given how the transaction ended; `None`: it is over.
    fn delay(&self, committed: &Result<(), StoreError>) -> Option<StoreError>;

    /// Tells the caller of the delay, the first time, and gets ready to run again.
    fn put_off(&mut self, delay: StoreError);

    /// Whether it is stored, and its caller was told before that it is delayed.
    fn is_late(&self, committed: &Result<(), StoreError>) -> bool;

    /// How long it is set aside, because it panicked more than once: the pieces behind it do not wait for it.
    /// `None`: it is not.
    fn set_aside(&self) -> Option<Duration>;

    /// Tells the caller how it ended.
    fn answer(self: Box<Self>, committed: &Result<(), StoreError>);
}

/// A piece that gives a `T`.
pub(super) struct Piece<T, F> {
    site: Arc<Site>,
    kind: Kind,
    work: F,
    result: Option<Result<T, StoreError>>,
    panics: u32,
    /// Empty once the caller was told that the piece is delayed.
    answer: Option<oneshot::Sender<Result<T, StoreError>>>,
}

impl<T, F> Piece<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
{
    pub(super) fn boxed(
        site: &Arc<Site>,
        kind: Kind,
        work: F,
        answer: oneshot::Sender<Result<T, StoreError>>,
    ) -> Box<dyn Work> {
        Box::new(Self { site: Arc::clone(site), kind, work, result: None, panics: 0, answer: Some(answer) })
    }
}

impl<T, F> Work for Piece<T, F>
where
    T: Send,
    F: FnMut(&mut Desk<'_>) -> Result<T, Fault> + Send,
{
    fn kind(&self) -> Kind {
        self.kind
    }

    fn run(&mut self, desk: &mut Desk<'_>) -> Result<(), StoreError> {
        let kept = self.kind.kept;
        let mut work = |desk: &mut Desk<'_>| {
            if kept {
                chaos::point("writer");
            }
            (self.work)(desk)
        };
        let result = match self.kind.access {
            Access::Writes => apart(desk, &mut work),
            Access::WritesOnce => once(desk, &mut work),
            Access::Reads => unpanicked(desk, &mut work),
        };
        let result = result.map_err(|fault| {
            if let Fault::Panic(message) = &fault {
                self.panics += 1;
                self.site.panicked(message);
            }
            match self.site.error(fault) {
                // Tried once more in its place, as after an outage.
                StoreError::Database { path, message }
                    if kept && self.panics < MAX_PIECE_PANICS && self.panics > 0 =>
                {
                    StoreError::Unavailable { path, message }
                }
                error => error,
            }
        });
        let available = match &result {
            Err(error @ StoreError::Unavailable { .. }) => Err(error.clone()),
            _ => Ok(()),
        };
        self.result = Some(result);
        available
    }

    fn delay(&self, committed: &Result<(), StoreError>) -> Option<StoreError> {
        let error = match &self.result {
            Some(Err(error)) => error,
            _ => committed.as_ref().err()?,
        };
        match error {
            StoreError::Unavailable { path, message } if self.kind.kept => {
                Some(StoreError::Delayed { path: path.clone(), message: message.clone() })
            }
            _ => None,
        }
    }

    fn put_off(&mut self, delay: StoreError) {
        self.result = None;
        if let Some(answer) = self.answer.take() {
            // Whoever asked may have gone.
            let _ = answer.send(Err(delay));
        }
    }

    fn is_late(&self, committed: &Result<(), StoreError>) -> bool {
        self.answer.is_none() && committed.is_ok() && matches!(self.result, Some(Ok(_)))
    }

    fn set_aside(&self) -> Option<Duration> {
        let more = self.panics.checked_sub(MAX_PIECE_PANICS)?;
        let failed = matches!(self.result, Some(Err(_)));
        let wait = TASK_RESTART_FIRST.saturating_mul(1 << more.min(16)).min(TASK_RESTART_LONGEST);
        (self.kind.kept && failed).then_some(wait)
    }

    fn answer(self: Box<Self>, committed: &Result<(), StoreError>) {
        let result = match (self.result, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.clone()),
            (None, Ok(())) => return,
        };
        match self.answer {
            // Whoever asked may have gone.
            Some(answer) => drop(answer.send(result)),
            None => {
                if let Err(error) = result {
                    tracing::error!("what was delayed could not be stored: {error}");
                }
            }
        }
    }
}

/// Runs `work` so that it leaves no trace when it fails.
fn apart<T>(
    desk: &mut Desk<'_>,
    work: &mut impl FnMut(&mut Desk<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    desk.run("SAVEPOINT piece", [])?;
    let result = unpanicked(desk, work);
    if result.is_err() && desk.in_transaction() {
        desk.run("ROLLBACK TO piece", [])?;
    }
    if desk.in_transaction() {
        desk.run("RELEASE piece", [])?;
    }
    result
}

/// Runs `work`, which writes by one statement at most.
fn once<T>(
    desk: &mut Desk<'_>,
    work: &mut impl FnMut(&mut Desk<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let before = desk.ran;
    let result = unpanicked(desk, work);
    if let Err(Fault::Panic(_)) = &result
        && desk.ran > before
    {
        // Its statement may have changed something, and there is no savepoint to go back to.
        desk.run("ROLLBACK", [])?;
    }
    debug_assert!(desk.ran - before <= 1 || result.is_err(), "several statements need a savepoint");
    result
}

/// A panic in one piece is that piece's error: the thread goes on with the others.
fn unpanicked<T>(
    desk: &mut Desk<'_>,
    work: &mut impl FnMut(&mut Desk<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let done = catch_unwind(AssertUnwindSafe(|| work(desk)));
    done.unwrap_or_else(|panic| Err(Fault::Panic(panic_message(&*panic).to_owned())))
}
