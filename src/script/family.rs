//! The tasks that one piece of work started, and those that these started: whoever ran it can wait for them.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
};
use tokio::sync::Notify;

thread_local! {
    /// Of the work that is polled.
    static CURRENT: RefCell<Option<Rc<Family>>> = const { RefCell::new(None) };
}

/// Tasks that belong together.
#[derive(Default)]
pub(super) struct Family {
    running: Cell<usize>,
    fewer: Notify,
}

/// One of the tasks, as long as this lives.
pub(super) struct Member(Option<Rc<Family>>);

impl Family {
    /// Polls `work`: tasks that it starts belong to this family.
    pub(super) async fn during<F: Future>(self: &Rc<Self>, work: F) -> F::Output {
        within(Some(self), work).await
    }

    /// Waits until no task of it runs.
    pub(super) async fn ended(&self) {
        while self.running.get() > 0 {
            self.fewer.notified().await;
        }
    }
}

impl Member {
    /// A task that is started by what is polled now.
    pub(super) fn new() -> Self {
        let family = CURRENT.with_borrow(Clone::clone);
        if let Some(family) = &family {
            family.running.set(family.running.get() + 1);
        }
        Self(family)
    }

    /// Polls the task: what it starts belongs to the same family.
    pub(super) async fn during<F: Future>(&self, work: F) -> F::Output {
        within(self.0.as_ref(), work).await
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Some(family) = &self.0 {
            family.running.set(family.running.get().saturating_sub(1));
            family.fewer.notify_one();
        }
    }
}

async fn within<F: Future>(family: Option<&Rc<Family>>, work: F) -> F::Output {
    struct Restore(Option<Rc<Family>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.replace(self.0.take());
        }
    }
    let mut work = pin!(work);
    poll_fn(|cx| {
        let _restore = Restore(CURRENT.replace(family.cloned()));
        work.as_mut().poll(cx)
    })
    .await
}
