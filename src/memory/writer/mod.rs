//! The one thread that writes, and group commit.
//!
//! A commit costs more than what it commits. So whatever waits when a transaction is open joins it,
//! each so that it leaves no trace when it fails; all are answered once the commit has succeeded.
//!
//! Pieces that record what has happened already are *kept*: while the database is locked by another program
//! or the disk is full, they stay in the queue, in their order, until they are stored.

mod outage;
mod piece;
mod thread;

pub use outage::Outage;
pub use thread::{STORE_RETRY_FIRST, STORE_RETRY_LONGEST};

use super::{damage::Site, desk::Desk, error::Fault, options::OpenOptions, owner::Owner, view::View};
use crate::domain::{BoxFuture, store::StoreError};
use outage::OutageCell;
use piece::{Access, Kind, Piece, Work};
use rusqlite::Connection;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Sender},
    },
    thread::JoinHandle,
};
use thread::WritingThread;
use tokio::sync::oneshot;

/// The queue to the writing thread, which starts with the first thing to write.
pub(super) struct Writer {
    site: Arc<Site>,
    options: OpenOptions,
    state: Mutex<State>,
    outage: OutageCell,
}

enum State {
    /// Nothing was written yet.
    Waiting(Connection, Owner),
    Running {
        queue: Sender<Box<dyn Work>>,
        thread: JoinHandle<()>,
        /// Fires when the thread has put everything away, with the number of pieces that it could not store.
        ended: oneshot::Receiver<usize>,
    },
    Closed,
}

impl Writer {
    pub(super) fn new(site: Arc<Site>, options: OpenOptions, conn: Connection, owner: Owner) -> Self {
        Self { site, options, state: Mutex::new(State::Waiting(conn, owner)), outage: OutageCell::default() }
    }

    /// The outage under way, if there is one.
    pub(super) fn outage(&self) -> Option<Outage> {
        self.outage.now()
    }

    /// Waits until something is stored of which its caller was told that it is delayed.
    pub(super) fn next_late(&self) -> BoxFuture<'static, ()> {
        Box::pin(self.outage.next_late())
    }

    /// Waits until nothing is delayed.
    pub(super) fn caught_up(&self) -> BoxFuture<'static, ()> {
        let outage = self.outage.clone();
        Box::pin(async move { outage.is_over().await })
    }

    /// Queues a piece of writing at once: pieces run in the order of the calls, whether or not the
    /// futures are awaited. Dropping the future does not undo the piece.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.hand_in(Kind { access: Access::Writes, kept: false }, one_run(work))
    }

    /// The same for a piece of one statement, which leaves no trace by itself when it fails.
    pub(super) fn submit_one<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.hand_in(Kind { access: Access::WritesOnce, kept: false }, one_run(work))
    }

    /// Queues a piece that records what has happened already. Where the database is not available, the future
    /// ends with [`StoreError::Delayed`], and the piece is tried again, before all that come later, until it
    /// is stored or the memory is closed.
    pub(super) fn keep<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.hand_in(Kind { access: Access::Writes, kept: true }, work)
    }

    /// The same for a piece of one statement.
    pub(super) fn keep_one<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.hand_in(Kind { access: Access::WritesOnce, kept: true }, work)
    }

    /// Queues a look at a few rows, behind the writing that was queued before, without waiting for
    /// anyone who writes. A long look would hold up the writing: [`Readers`](super::readers::Readers) are
    /// for that.
    pub(super) fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut View<'_, '_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let kind = Kind { access: Access::Reads, kept: false };
        self.hand_in(kind, one_run(move |desk: &mut Desk<'_>| desk.look(look)))
    }

    fn hand_in<T: Send + 'static>(
        &self,
        kind: Kind,
        work: impl FnMut(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let (answer, answered) = oneshot::channel();
        if let Err(fault) = self.queue(Piece::boxed(&self.site, kind, work, answer)) {
            let error = self.site.error(fault);
            return Box::pin(std::future::ready(Err(error)));
        }
        let site = Arc::clone(&self.site);
        Box::pin(async move {
            let ended = |_| site.error(Fault::Text("the writing thread ended unexpectedly".into()));
            answered.await.map_err(ended)?
        })
    }

    /// Writes what is queued and ends the thread. Later writing fails. Returns how many pieces could not be
    /// stored.
    pub(super) async fn close(&self) -> usize {
        let State::Running { queue, thread, ended } = self.take() else { return 0 };
        drop(queue);
        let lost = ended.await.unwrap_or_default();
        let _ = thread.join();
        lost
    }

    /// The same, waiting in place: for the end of the last handle.
    pub(super) fn close_blocking(&self) {
        if let State::Running { queue, thread, .. } = self.take() {
            drop(queue);
            let _ = thread.join();
        }
    }

    fn take(&self) -> State {
        std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), State::Closed)
    }

    fn queue(&self, work: Box<dyn Work>) -> Result<(), Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Waiting(..) = *state
            && let State::Waiting(conn, owner) = std::mem::replace(&mut *state, State::Closed)
        {
            *state = self.start(conn, owner)?;
        }
        match &*state {
            State::Running { queue, .. } => {
                queue.send(work).map_err(|_| Fault::Text("the writing thread has ended".into()))
            }
            State::Waiting(..) | State::Closed => Err(Fault::Text("the memory is closed".into())),
        }
    }

    fn start(&self, conn: Connection, owner: Owner) -> Result<State, Fault> {
        let (queue, orders) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let (site, options, outage) = (Arc::clone(&self.site), self.options, self.outage.clone());
        let thread = std::thread::Builder::new()
            .name("memory-writer".into())
            .spawn(move || {
                let desk = Desk::new(&conn, owner);
                let lost = WritingThread::new(&conn, desk, &orders, &site, options, &outage).serve();
                drop(conn);
                let _ = end.send(lost);
            })
            .map_err(|e| Fault::Text(format!("cannot start the writing thread: {e}")))?;
        Ok(State::Running { queue, thread, ended })
    }
}

/// A piece that is run at most once, in the form of one that may run again.
fn one_run<T>(
    work: impl FnOnce(&mut Desk<'_>) -> Result<T, Fault>,
) -> impl FnMut(&mut Desk<'_>) -> Result<T, Fault> {
    let mut work = Some(work);
    move |desk| match work.take() {
        Some(work) => work(desk),
        None => Err(Fault::Text("a piece of writing was run twice".into())),
    }
}
