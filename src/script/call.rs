//! One call of a Lua function, within its limits.

use super::{
    errors::{ErrorKind, ScriptError},
    stop,
};
use mlua::{FromLuaMulti, MultiValue};
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

/// The future of a call. Dropping it closes the coroutine.
pub(super) struct Invocation<R: FromLuaMulti> {
    call: Option<mlua::function::AsyncCallFuture<R>>,
    limits: Limits,
    used: Duration,
    wall: Instant,
    timer: Option<Pin<Box<tokio::time::Sleep>>>,
    pulse: Arc<Pulse>,
}

impl Invocation<MultiValue> {
    pub(super) fn new(
        call: mlua::function::AsyncCallFuture<MultiValue>,
        limits: Limits,
        pulse: Arc<Pulse>,
    ) -> Self {
        let wall = Instant::now() + limits.wall;
        Self { call: Some(call), limits, used: Duration::ZERO, wall, timer: None, pulse }
    }

    fn stopped(&self) -> ScriptError {
        if stop::cancelled() {
            return ScriptError::new(ErrorKind::Cancelled, "stopped: nobody waits for it any more");
        }
        let limit = if self.used >= self.limits.cpu { self.limits.cpu } else { self.limits.wall };
        ScriptError::new(ErrorKind::Timeout, format!("stopped after {}", seconds(limit)))
    }
}

impl Future for Invocation<MultiValue> {
    type Output = Result<mlua::Result<MultiValue>, (ScriptError, Option<MultiValue>)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let Some(call) = &mut this.call else { return Poll::Pending };
        let start = Instant::now();
        let deadline = (start + this.limits.cpu.saturating_sub(this.used)).min(this.wall);
        let (poll, tripped) = this.pulse.run(deadline, || stop::until(deadline, || Pin::new(call).poll(cx)));
        this.used += start.elapsed();
        match poll {
            Poll::Ready(result) => {
                this.call = None;
                Poll::Ready(if tripped { Err((this.stopped(), result.ok())) } else { Ok(result) })
            }
            Poll::Pending => {
                let wall = this.wall;
                let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(wall.into())));
                match timer.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Err((this.stopped(), None))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

impl<R: FromLuaMulti> Drop for Invocation<R> {
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
