//! Reading, beside the writer: what may take long off the runtime's own threads, a row or two in place.

use super::{damage::Site, error::Fault, options::OpenOptions, view::View};
use crate::domain::store::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// So many read at the same time; each takes a thread and a connection.
const READERS: usize = 4;

/// Read-only connections, opened when they are first needed.
pub(super) struct Readers {
    site: Arc<Site>,
    options: OpenOptions,
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
}

impl Readers {
    pub(super) fn new(site: Arc<Site>, options: OpenOptions) -> Self {
        Self { site, options, idle: Mutex::default(), places: Semaphore::new(READERS) }
    }

    /// Runs `work` on a thread for blocking work. It sees one state of the database throughout,
    /// which holds everything that was acknowledged before. Needs a tokio runtime.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Never closed.
        let _place = self.places.acquire().await;
        let readers = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            readers.connected(work).map_err(|fault| readers.site.error(fault))
        });
        done.await.unwrap_or_else(|e| Err(self.site.error(Fault::Text(format!("reading broke off: {e}")))))
    }

    /// Looks at a few rows, in place.
    pub(super) fn glance<T>(
        &self,
        look: impl FnOnce(&mut View<'_, '_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.with(|conn| look(&mut View::Reader(conn))).map_err(|fault| self.site.error(fault))
    }

    /// Closes the connections that nobody uses.
    pub(super) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn connected<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        self.with(|conn| {
            let _one_state = conn.unchecked_transaction()?;
            work(conn)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = idle.map_or_else(|| self.open(), Ok)?;
        let result = work(&conn);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.options.idle_readers {
            idle.push(conn);
        }
        result
    }

    fn open(&self) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(self.site.path(), flags)?;
        conn.busy_timeout(self.options.busy_timeout)?;
        Ok(conn)
    }
}
