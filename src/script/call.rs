//! One call of a Lua function, within its limits.

use super::{
    errors::{ErrorKind, ScriptError},
    stop,
    waits::Waits,
};
use mlua::{FromLuaMulti, MultiValue, Value, function::AsyncCallFuture};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::time::Sleep;

/// How long `<close>` variables of a call that is dropped may take.
const CLOSING: Duration = Duration::from_millis(100);
/// How long after its deadline a call that did not come back counts as stuck.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// What one call may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time in which Lua itself runs. Waiting costs none of it.
    pub cpu: Duration,
    /// Time from the call's start to its end, waiting included.
    pub wall: Duration,
}

impl Limits {
    /// For code that may spend all its time running.
    pub const fn both(limit: Duration) -> Self {
        Self { cpu: limit, wall: limit }
    }
}

/// What the script thread is at, for others to see: the time by which the Lua that runs now has
/// to come back, in milliseconds since the host began, or 0 between two runs.
#[derive(Debug)]
pub(super) struct Pulse {
    began: Instant,
    due: AtomicU64,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), due: AtomicU64::new(0) }
    }

    fn run<R>(&self, deadline: Instant, f: impl FnOnce() -> R) -> R {
        struct Idle<'a>(&'a AtomicU64);
        impl Drop for Idle<'_> {
            fn drop(&mut self) {
                self.0.store(0, Ordering::Relaxed);
            }
        }
        let due = deadline.saturating_duration_since(self.began).as_millis() as u64;
        self.due.store(due.max(1), Ordering::Relaxed);
        let _idle = Idle(&self.due);
        f()
    }

    /// Whether the thread should have come back from Lua a while ago.
    pub(super) fn stuck(&self) -> bool {
        let due = self.due.load(Ordering::Relaxed);
        due != 0 && self.began.elapsed() > Duration::from_millis(due) + GRACE
    }
}

/// What the Lua side of a call answers: whether it went well, and the results or the error.
pub(super) trait Answer: FromLuaMulti {
    /// What is kept of the results.
    type Kept;

    /// The results, or the error.
    fn split(self) -> Result<Self::Kept, Value>;
}

/// Only the first result is wanted.
impl Answer for (bool, Value) {
    type Kept = Value;

    fn split(self) -> Result<Value, Value> {
        if self.0 { Ok(self.1) } else { Err(self.1) }
    }
}

/// The first two results are wanted.
impl Answer for (bool, Value, Value) {
    type Kept = (Value, Value);

    fn split(self) -> Result<(Value, Value), Value> {
        if self.0 { Ok((self.1, self.2)) } else { Err(self.1) }
    }
}

/// All results are wanted.
impl Answer for MultiValue {
    type Kept = Self;

    fn split(mut self) -> Result<Self, Value> {
        match self.pop_front() {
            Some(Value::Boolean(true)) => Ok(self),
            _ => Err(self.pop_front().unwrap_or_default()),
        }
    }
}

/// How a call ended.
pub(super) enum Ended<A> {
    /// On its own.
    Returned(mlua::Result<A>),
    /// At a limit; with what it answered to that.
    Stopped(ScriptError, Option<A>),
}

/// The future of a call. Dropping it closes the coroutine.
pub(super) struct Invocation<A: Answer> {
    call: Option<AsyncCallFuture<A>>,
    limits: Limits,
    used: Duration,
    /// Each stretch of work between two waits has the whole limit.
    renewed: bool,
    began: Option<Instant>,
    /// The time that it does not answer for; `None`: it answers for all.
    waits: Option<Arc<Waits>>,
    timer: Option<Pin<Box<Sleep>>>,
    pulse: Arc<Pulse>,
}

impl<A: Answer> Invocation<A> {
    pub(super) fn new(call: AsyncCallFuture<A>, limits: Limits, pulse: Arc<Pulse>) -> Self {
        Self {
            call: Some(call),
            limits,
            used: Duration::ZERO,
            renewed: false,
            began: None,
            waits: None,
            timer: None,
            pulse,
        }
    }

    /// For work without an end: `cpu` bounds what it does between two waits.
    pub(super) fn renewed(mut self) -> Self {
        self.renewed = true;
        self
    }

    /// While it waits for what has a limit of its own, its clock stands still.
    pub(super) fn waiting(mut self, waits: Arc<Waits>) -> Self {
        self.waits = Some(waits);
        self
    }

    fn stopped(&self) -> ScriptError {
        if stop::cancelled() {
            return ScriptError::new(ErrorKind::Cancelled, "stopped: nobody waits for it any more");
        }
        let limit = if self.used >= self.limits.cpu { self.limits.cpu } else { self.limits.wall };
        ScriptError::new(ErrorKind::Timeout, format!("stopped after {}", seconds(limit)))
    }
}

impl<A: Answer> Future for Invocation<A> {
    type Output = Ended<A>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<A>> {
        let this = self.get_mut();
        let Some(call) = &mut this.call else { return Poll::Pending };
        if this.renewed {
            this.used = Duration::ZERO;
        }
        let start = Instant::now();
        let waited = this.waits.as_ref().map_or(Duration::ZERO, |waits| waits.total());
        let wall = *this.began.get_or_insert(start) + this.limits.wall + waited;
        let deadline = (start + this.limits.cpu.saturating_sub(this.used)).min(wall);
        let waits = this.waits.as_ref();
        let poll = || Waits::within(waits, || Pin::new(call).poll(cx));
        let (poll, tripped) = this.pulse.run(deadline, || stop::until(deadline, poll));
        if let Poll::Ready(result) = poll {
            this.call = None;
            if !tripped {
                return Poll::Ready(Ended::Returned(result));
            }
            this.used += start.elapsed();
            return Poll::Ready(Ended::Stopped(this.stopped(), result.ok()));
        }
        this.used += start.elapsed();
        if waits.is_some_and(|waits| waits.are_open()) {
            // Whatever it waits for wakes it.
            return Poll::Pending;
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(wall.into())));
        if timer.deadline() != wall.into() {
            timer.as_mut().reset(wall.into());
        }
        timer.as_mut().poll(cx).map(|()| Ended::Stopped(this.stopped(), None))
    }
}

impl<A: Answer> Drop for Invocation<A> {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            let deadline = Instant::now() + CLOSING;
            self.pulse.run(deadline, || stop::until(deadline, || drop(call)));
        }
    }
}

/// A duration for a person to read.
pub(super) fn seconds(limit: Duration) -> String {
    if limit < Duration::from_secs(1) {
        format!("{} ms", limit.as_millis())
    } else {
        format!("{} s", limit.as_secs_f64())
    }
}
