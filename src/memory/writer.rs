//! The one thread that writes, and group commit.
//!
//! A commit costs more than what it commits. So whatever waits when a transaction is open joins it,
//! each so that it leaves no trace when it fails; all are answered once the commit has succeeded.

use super::{
    damage::Site, desk::Desk, error::Fault, index, log::Log, options::OpenOptions, owner::Owner, view::View,
};
use crate::domain::{BoxFuture, store::StoreError};
use rusqlite::Connection;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::oneshot;

/// The queue to the writing thread, which starts with the first thing to write.
pub(super) struct Writer {
    site: Arc<Site>,
    options: OpenOptions,
    state: Mutex<State>,
}

enum State {
    /// Nothing was written yet.
    Waiting(Connection, Owner),
    Running {
        queue: Sender<Box<dyn Work>>,
        thread: JoinHandle<()>,
        /// Fires when the thread has put everything away.
        ended: oneshot::Receiver<()>,
    },
    Closed,
}

impl Writer {
    pub(super) fn new(site: Arc<Site>, options: OpenOptions, conn: Connection, owner: Owner) -> Self {
        Self { site, options, state: Mutex::new(State::Waiting(conn, owner)) }
    }

    /// Queues a piece of writing at once: pieces run in the order of the calls, whether or not the
    /// futures are awaited. Dropping the future does not undo the piece.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.hand_in(Kind::Writes, work)
    }

    /// The same for a piece of one statement, which leaves no trace by itself when it fails.
    pub(super) fn submit_one<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.hand_in(Kind::WritesOnce, work)
    }

    /// Queues a look at a few rows, behind the writing that was queued before, without waiting for
    /// anyone who writes. A long look would hold up the writing: [`Readers`](super::readers::Readers) are
    /// for that.
    pub(super) fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut View<'_, '_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.hand_in(Kind::Looks, move |desk| desk.look(look))
    }

    fn hand_in<T: Send + 'static>(
        &self,
        kind: Kind,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
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

    /// Writes what is queued and ends the thread. Later writing fails.
    pub(super) async fn close(&self) {
        if let State::Running { queue, thread, ended } = self.take() {
            drop(queue);
            let _ = ended.await;
            let _ = thread.join();
        }
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
        let (site, options) = (Arc::clone(&self.site), self.options);
        let thread = std::thread::Builder::new()
            .name("memory-writer".into())
            .spawn(move || {
                serve(&conn, owner, &orders, &site, options);
                drop(conn);
                let _ = end.send(());
            })
            .map_err(|e| Fault::Text(format!("cannot start the writing thread: {e}")))?;
        Ok(State::Running { queue, thread, ended })
    }
}

fn serve(
    conn: &Connection,
    owner: Owner,
    orders: &Receiver<Box<dyn Work>>,
    site: &Arc<Site>,
    options: OpenOptions,
) {
    let mut log = Log::new(site.path(), options);
    log.look();
    let ready = log.prepare(conn).map_err(|e| site.error(e.into()));
    // Goes with the owner's lock when all is written: until then nobody else may touch our turns.
    let mut desk = Desk::new(conn, owner);
    loop {
        let spare = desk.behind || log.is_long();
        let first = match next(orders, spare.then_some(options.lull)) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) if std::mem::take(&mut desk.behind) => {
                Piece::boxed(site, Kind::Writes, index::step, oneshot::channel().0)
            }
            Err(RecvTimeoutError::Timeout) => {
                log.work_in(conn);
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let mut group = vec![first];
        if group[0].kind() == Kind::Looks {
            group[0].run(&mut desk);
            group.into_iter().for_each(|look| look.answer(&Ok(())));
            continue;
        }
        let outcome = ready.clone().and_then(|()| {
            commit(&mut desk, &mut group, orders, options.group_limit).map_err(|fault| site.error(fault))
        });
        for work in group {
            work.answer(&outcome);
        }
        log.look();
        if log.is_overdue() {
            log.work_in(conn);
        }
    }
    drop(desk);
    log.finish(conn);
}

fn next<T>(orders: &Receiver<T>, patience: Option<Duration>) -> Result<T, RecvTimeoutError> {
    match patience {
        Some(patience) => orders.recv_timeout(patience),
        None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

/// Runs the first of `group`, and all that wait, in one transaction; leaves them in `group`.
fn commit(
    desk: &mut Desk<'_>,
    group: &mut Vec<Box<dyn Work>>,
    orders: &Receiver<Box<dyn Work>>,
    limit: usize,
) -> Result<(), Fault> {
    if let Err(error) = desk.run("BEGIN IMMEDIATE", []) {
        // They would wait as long again, for the same.
        group.extend(orders.try_iter());
        return Err(error.into());
    }
    let mut done = 0;
    while let Some(work) = group.get_mut(done) {
        work.run(desk);
        done += 1;
        if !desk.in_transaction() {
            return Err(Fault::Text("written together with something that failed gravely".into()));
        }
        if done < limit {
            group.extend(orders.try_recv());
        }
    }
    if let Err(error) = desk.run("COMMIT", []) {
        if desk.in_transaction() {
            let _ = desk.run("ROLLBACK", []);
        }
        return Err(error.into());
    }
    Ok(())
}

/// What a piece needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Writes,
    /// By one statement.
    WritesOnce,
    /// No transaction for writing.
    Looks,
}

/// One queued piece of writing, or a look.
trait Work: Send {
    fn kind(&self) -> Kind;

    /// Does it, so that it leaves no trace when it fails.
    fn run(&mut self, desk: &mut Desk<'_>);

    /// Tells whoever waits, when it is known whether the transaction was committed.
    fn answer(self: Box<Self>, committed: &Result<(), StoreError>);
}

struct Piece<T, F> {
    site: Arc<Site>,
    kind: Kind,
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Piece<T, F>
where
    T: Send + 'static,
    F: FnOnce(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
{
    fn boxed(
        site: &Arc<Site>,
        kind: Kind,
        work: F,
        answer: oneshot::Sender<Result<T, StoreError>>,
    ) -> Box<dyn Work> {
        Box::new(Self { site: Arc::clone(site), kind, work: Some(work), result: None, answer })
    }
}

impl<T, F> Work for Piece<T, F>
where
    T: Send,
    F: FnOnce(&mut Desk<'_>) -> Result<T, Fault> + Send,
{
    fn kind(&self) -> Kind {
        self.kind
    }

    fn run(&mut self, desk: &mut Desk<'_>) {
        if let Some(work) = self.work.take() {
            let result = match self.kind {
                Kind::Writes => apart(desk, work),
                Kind::WritesOnce => {
                    let before = desk.ran;
                    let result = work(desk);
                    debug_assert!(desk.ran - before <= 1, "several statements need a savepoint");
                    result
                }
                Kind::Looks => work(desk),
            };
            self.result = Some(result.map_err(|fault| self.site.error(fault)));
        }
    }

    fn answer(self: Box<Self>, committed: &Result<(), StoreError>) {
        let result = match (self.result, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.clone()),
            (None, Ok(())) => return,
        };
        // Whoever asked may have gone.
        let _ = self.answer.send(result);
    }
}

/// Runs `work` so that it leaves no trace when it fails.
fn apart<T>(desk: &mut Desk<'_>, work: impl FnOnce(&mut Desk<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    desk.run("SAVEPOINT piece", [])?;
    let result = work(desk);
    if result.is_err() && desk.in_transaction() {
        desk.run("ROLLBACK TO piece", [])?;
    }
    if desk.in_transaction() {
        desk.run("RELEASE piece", [])?;
    }
    result
}
