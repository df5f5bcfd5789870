//! Telling a program to end: an error is raised wherever it is, and no `pcall` of the script's keeps
//! it.

use super::ENDING;
use std::{
    cell::{Cell, RefCell},
    ffi::CStr,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::Poll,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// What unwinds a program that ends.
pub(in super::super) const EXIT: &str = "openpista: the program ends";
pub(in super::super) const EXIT_C: &CStr = c"openpista: the program ends";

thread_local! {
    static CURRENT: RefCell<Option<Rc<Interrupt>>> = const { RefCell::new(None) };
}

/// The way to end one program.
pub(super) struct Interrupt {
    pub(super) token: CancellationToken,
    /// Since the error was raised: by when all has to have ended.
    until: Cell<Option<Instant>>,
}

impl Interrupt {
    pub(super) fn new(token: CancellationToken) -> Self {
        Self { token, until: Cell::new(None) }
    }

    /// The error that unwinds the program is raised now: from here on it has [`ENDING`].
    pub(super) fn raised(&self) {
        self.until.set(self.until.get().or_else(|| Some(Instant::now() + ENDING)));
        self.token.cancel();
    }

    /// Runs `f` as part of this program.
    pub(super) fn within<R>(self: &Rc<Self>, f: impl FnOnce() -> R) -> R {
        struct Restore(Option<Rc<Interrupt>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.replace(self.0.take());
            }
        }
        let _restore = Restore(CURRENT.replace(Some(Rc::clone(self))));
        f()
    }
}

/// Whether the error that unwinds the program that runs now has to be raised here. True once.
pub(in super::super) fn raises() -> bool {
    CURRENT.with_borrow(|current| match current {
        Some(interrupt) if interrupt.until.get().is_none() && interrupt.token.is_cancelled() => {
            interrupt.raised();
            true
        }
        _ => false,
    })
}

/// Whether the program that runs now was told to end, and has not done so in time.
pub(in super::super) fn overdue() -> bool {
    CURRENT.with_borrow(|current| {
        current
            .as_ref()
            .and_then(|interrupt| interrupt.until.get())
            .is_some_and(|until| Instant::now() >= until)
    })
}

/// Waits for `work`, unless the program is told to end: then `None`. What begins once it unwinds, in a
/// `<close>` variable, is waited for.
pub(in super::super) async fn patient<F: Future>(work: F) -> Option<F::Output> {
    let interrupt = match CURRENT.with_borrow(Clone::clone) {
        Some(interrupt) if interrupt.until.get().is_none() => interrupt,
        _ => return Some(work.await),
    };
    let (mut work, mut told) = (pin!(work), pin!(interrupt.token.cancelled()));
    poll_fn(|cx| {
        if told.as_mut().poll(cx).is_ready() {
            interrupt.raised();
            return Poll::Ready(None);
        }
        work.as_mut().poll(cx).map(Some)
    })
    .await
}
