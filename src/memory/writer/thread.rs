//! The thread that writes: commits what waits, and tries again what could not be stored.

use super::{
    super::{damage::Site, desk::Desk, error::Fault, index, log::Log, options::OpenOptions},
    outage::OutageCell,
    piece::{Access, Kind, Piece, Work},
};
use crate::{domain::store::StoreError, health::chaos};
use rusqlite::Connection;
use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// The wait before what could not be stored is tried again; it doubles each time.
pub const STORE_RETRY_FIRST: Duration = Duration::from_millis(100);
/// The longest such wait.
pub const STORE_RETRY_LONGEST: Duration = Duration::from_secs(5);

/// Search indexing, for which nobody waits.
const INDEXING: Kind = Kind { access: Access::Writes, kept: false };

/// The state of the writing thread.
pub(super) struct WritingThread<'a> {
    conn: &'a Connection,
    desk: Desk<'a>,
    orders: &'a Receiver<Box<dyn Work>>,
    log: Log,
    site: &'a Arc<Site>,
    options: OpenOptions,
    outage: &'a OutageCell,
    /// Whether the connection has the settings that writing needs.
    prepared: bool,
    /// What is to be tried again, in order. Everything that comes later waits behind it.
    delayed: Vec<Box<dyn Work>>,
    retry: Option<Retry>,
    /// What panicked more than once, each with the time of its next try. Nothing waits for these.
    aside: Vec<(Instant, Box<dyn Work>)>,
}

/// When what is delayed is tried again.
struct Retry {
    at: Instant,
    /// The wait after that try.
    then: Duration,
}

impl<'a> WritingThread<'a> {
    pub(super) fn new(
        conn: &'a Connection,
        desk: Desk<'a>,
        orders: &'a Receiver<Box<dyn Work>>,
        site: &'a Arc<Site>,
        options: OpenOptions,
        outage: &'a OutageCell,
    ) -> Self {
        let log = Log::new(site.path(), options);
        let (delayed, retry, aside) = (Vec::new(), None, Vec::new());
        Self { conn, desk, orders, log, site, options, outage, prepared: false, delayed, retry, aside }
    }

    /// Serves until the queue is closed. Returns how many pieces could not be stored.
    pub(super) fn serve(mut self) -> usize {
        self.log.look();
        loop {
            match self.next() {
                Ok(work) => self.work(work),
                Err(RecvTimeoutError::Timeout) if !self.delayed.is_empty() => self.write(None),
                Err(RecvTimeoutError::Timeout) if !self.aside.is_empty() => self.try_aside(),
                Err(RecvTimeoutError::Timeout) if std::mem::take(&mut self.desk.behind) => {
                    let nobody = oneshot::channel().0;
                    self.write(Some(Piece::boxed(self.site, INDEXING, index::step, nobody)));
                }
                Err(RecvTimeoutError::Timeout) => self.log.work_in(self.conn),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let lost = self.finish();
        // Goes with the owner's lock, now that all is written: until then nobody else may touch our turns.
        drop(self.desk);
        self.log.finish(self.conn);
        lost
    }

    /// The next piece. `Timeout`: it is time to try again, or there is time for what nobody waits for.
    fn next(&self) -> Result<Box<dyn Work>, RecvTimeoutError> {
        let spare = self.desk.behind || self.log.is_long();
        let patience = match &self.retry {
            Some(retry) => Some(retry.at.saturating_duration_since(Instant::now())),
            None => match self.aside.iter().map(|(at, _)| *at).min() {
                Some(at) => Some(at.saturating_duration_since(Instant::now())),
                None => spare.then_some(self.options.lull),
            },
        };
        match patience {
            Some(patience) => self.orders.recv_timeout(patience),
            None => self.orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Tries one of those whose time has come.
    fn try_aside(&mut self) {
        let now = Instant::now();
        if let Some(index) = self.aside.iter().position(|(at, _)| *at <= now) {
            let (_, work) = self.aside.remove(index);
            self.write(Some(work));
        }
    }

    fn work(&mut self, mut work: Box<dyn Work>) {
        if work.kind().access == Access::Reads && self.delayed.is_empty() {
            // Its own error is in its answer.
            let _ = work.run(&mut self.desk);
            work.answer(&Ok(()));
        } else {
            self.write(Some(work));
        }
    }

    /// Runs what is delayed, `next`, and whatever else waits, in one transaction.
    fn write(&mut self, next: Option<Box<dyn Work>>) {
        let mut group = std::mem::take(&mut self.delayed);
        group.extend(next);
        let outcome = self.prepare().and_then(|()| self.commit(&mut group)).map_err(|f| self.site.error(f));
        let delays: Vec<_> = group.iter().map(|work| work.delay(&outcome)).collect();
        // Before anybody hears of the outcome: whoever does may look at once how the database fares.
        self.note(&outcome, delays.iter().flatten().count());
        for (mut work, delay) in group.into_iter().zip(delays) {
            match delay {
                Some(delay) => {
                    work.put_off(delay);
                    self.delayed.push(work);
                }
                None => match work.set_aside() {
                    Some(wait) => self.aside.push((Instant::now() + wait, work)),
                    None => {
                        if work.is_late(&outcome) {
                            self.outage.stored_late();
                        }
                        work.answer(&outcome);
                    }
                },
            }
        }
        self.log.look();
        if self.log.is_overdue() {
            self.log.work_in(self.conn);
        }
    }

    fn prepare(&mut self) -> Result<(), Fault> {
        if !self.prepared {
            self.log.prepare(self.conn)?;
            self.prepared = true;
        }
        Ok(())
    }

    /// Runs the pieces of `group`, and those that wait, in one transaction; leaves all of them in `group`.
    fn commit(&mut self, group: &mut Vec<Box<dyn Work>>) -> Result<(), Fault> {
        chaos::commit(self.site.path());
        if let Err(error) = self.desk.run("BEGIN IMMEDIATE", []) {
            // They would wait as long again, for the same.
            group.extend(self.orders.try_iter());
            return Err(error.into());
        }
        let mut done = 0;
        while let Some(work) = group.get_mut(done) {
            let available = work.run(&mut self.desk);
            done += 1;
            if let Err(error) = available {
                // None of the later ones may overtake it.
                self.roll_back();
                return Err(error.into());
            }
            if !self.desk.in_transaction() {
                let message = "written together with something that failed gravely".into();
                let path = self.site.path().display().to_string();
                return Err(StoreError::Unavailable { path, message }.into());
            }
            if done < self.options.group_limit {
                group.extend(self.orders.try_recv());
            }
        }
        let committed = self.desk.run("COMMIT", []);
        if committed.is_err() {
            self.roll_back();
        }
        Ok(committed.map(drop)?)
    }

    fn roll_back(&mut self) {
        if self.desk.in_transaction()
            && let Err(error) = self.desk.run("ROLLBACK", [])
        {
            tracing::error!("a transaction could not be rolled back: {error}");
        }
    }

    /// Plans the next try, and tells how the database fares.
    fn note(&mut self, outcome: &Result<(), StoreError>, delayed: usize) {
        match outcome {
            Err(error) if delayed > 0 => {
                let wait = self.retry.take().map_or(STORE_RETRY_FIRST, |retry| retry.then);
                let then = (wait * 2).min(STORE_RETRY_LONGEST);
                self.retry = Some(Retry { at: Instant::now() + wait, then });
                self.outage.goes_on(error, delayed);
            }
            _ => {
                self.retry = None;
                self.outage.ends();
            }
        }
    }

    /// Tries once more what is delayed; how many pieces are lost.
    fn finish(&mut self) -> usize {
        self.delayed.extend(std::mem::take(&mut self.aside).into_iter().map(|(_, work)| work));
        if !self.delayed.is_empty() {
            self.write(None);
        }
        let mut lost = std::mem::take(&mut self.delayed);
        lost.extend(std::mem::take(&mut self.aside).into_iter().map(|(_, work)| work));
        let (path, message) = (self.site.path().display().to_string(), "the program ended".to_owned());
        let outcome = Err(StoreError::Unavailable { path, message });
        let count = lost.len();
        lost.into_iter().for_each(|work| work.answer(&outcome));
        count
    }
}
