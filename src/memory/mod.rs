//! What is remembered: conversations, search, money spent, standing approvals,
//! devices. All in one SQLite file.
//!
//! - One thread writes. It starts with the first write, and commits whatever waits together.
//! - Reading goes beside it, on read-only connections, or along with what is written; it sees all that was
//!   acknowledged.
//! - What is acknowledged survives `kill -9`. When the power fails, the last moments may be lost
//!   (`synchronous = NORMAL`), but the database is never damaged.
//! - Beside the file `NAME` there may be `NAME-wal` and `NAME-shm`, which belong to it, also while no
//!   program runs. A copy that is made while programs write is no copy: [`backup()`] makes one.
//! - A turn that a program left open by dying is closed by the next (see [`Memory::recover`]), unless it
//!   waits for somebody's answer to a question: then it is taken up again.

mod approvals;
mod backup;
mod check;
mod clock;
mod codec;
mod context;
mod cron;
mod damage;
mod desk;
mod devices;
mod error;
mod grants;
mod history;
mod index;
mod kv;
mod left_open;
mod log;
mod migrate;
mod notes;
mod open;
mod options;
mod owner;
mod post;
mod pruning;
mod readers;
mod recover;
mod reusing;
mod search;
mod sessions;
mod spending;
mod trust;
mod turns;
mod view;
mod writer;

pub use backup::{BackupError, Contents, Copied, backup, restore};
pub use check::verify;
pub use cron::FormerConfig;
pub use error::MemoryError;
pub use kv::{KV_BYTES, KV_ENTRIES, KV_KEY_BYTES, KV_VALUE_BYTES};
pub use notes::{NOTE_BYTES, NOTES};
pub use options::{
    BUSY_TIMEOUT, GROUP_LIMIT, IDLE_READERS, LOG_KEEP, LOG_LEAVE, LOG_LIMIT, LULL, OpenOptions,
};
pub use post::POST_DAYS;
pub use pruning::{PRUNE_STEP, Pruned, Stale};
pub use search::{COMPARED, SEARCH_WORDS, SNIPPET_WORDS};
pub use sessions::{NewSession, TITLE_CHARS};
pub use writer::{Outage, STORE_RETRY_FIRST, STORE_RETRY_LONGEST};

use crate::{
    domain::{BoxFuture, store::StoreError},
    health::Tasks,
};
use damage::Site;
use desk::Desk;
use error::Fault;
use owner::Owner;
use readers::Readers;
use rusqlite::Connection;
use std::{fmt, path::Path, sync::Arc};
use view::View;
use writer::Writer;

/// The memory. Clones share one; when the last goes, what is queued is written first.
///
/// The methods of [`TurnStore`](crate::domain::store::TurnStore) that write queue their work when they
/// are *called*, in that order; awaiting tells when it is stored, and dropping the future does not
/// undo it. Methods that read need a tokio runtime.
#[derive(Clone)]
pub struct Memory(Arc<Shared>);

struct Shared {
    site: Arc<Site>,
    instance: String,
    writer: Writer,
    readers: Arc<Readers>,
}

impl Memory {
    /// Opens the database file at `path`; makes it (mode 0600) and its directories (0700) when they
    /// are not there, and brings an older one up to date after copying it to
    /// `<file>.before-v<N>.bak`. Blocks: below a millisecond for one that is up to date.
    pub fn open(path: &Path, options: OpenOptions) -> Result<Self, MemoryError> {
        let (path, conn) = open::open(path, options)?;
        let instance = ulid::Ulid::generate().to_string().to_ascii_lowercase();
        let owner = Owner::new(&path, instance.clone());
        let site = Arc::new(Site::new(path));
        Ok(Self(Arc::new(Shared {
            writer: Writer::new(Arc::clone(&site), options, conn, owner),
            readers: Arc::new(Readers::new(Arc::clone(&site), options)),
            instance,
            site,
        })))
    }

    /// Notes panics of its thread there from now on.
    pub fn report_to(&self, tasks: Tasks) {
        self.0.site.report_to(tasks);
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        self.0.site.path()
    }

    /// Writes what is queued and lets go of the file. Afterwards, writing through any clone fails. Returns how
    /// many pieces that had happened already could not be stored; the log names each.
    pub async fn close(&self) -> usize {
        self.0.readers.close();
        self.0.writer.close().await
    }

    /// Whether the database cannot be written, so that what happens waits in memory.
    pub fn outage(&self) -> Option<Outage> {
        self.0.writer.outage()
    }

    /// Which program this is, as an owner of turns.
    fn instance(&self) -> &str {
        &self.0.instance
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.0.writer.submit(work)
    }

    /// The same for a piece that writes by one statement at most, which takes less.
    fn write_one<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.0.writer.submit_one(work)
    }

    /// Writes what has happened already; see [`Writer::keep`].
    fn keep<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.0.writer.keep(work)
    }

    /// The same for a piece that writes by one statement at most.
    fn keep_one<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Desk<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.0.writer.keep_one(work)
    }

    /// A look at a few rows in one state of the database, behind all that was queued before.
    fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut View<'_, '_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.0.writer.look(look)
    }

    /// Reads a row or two, found by an index, at once and in place: that takes less than asking another
    /// thread for them. Sees what was acknowledged, each statement by itself.
    fn glance<T>(&self, look: impl FnOnce(&mut View<'_, '_>) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.0.readers.glance(look)
    }

    /// Reading that may take long, beside the writing.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.readers.read(work).await
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Memory").field(&self.0.site.path()).finish()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.readers.close();
        self.writer.close_blocking();
    }
}
