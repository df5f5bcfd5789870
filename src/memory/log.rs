//! Looking after the write-ahead log.
//!
//! Committing appends to the log and does not wait for the disk; working the log into the database
//! does, for milliseconds. So that is done when nobody waits: in a lull, such as while a model
//! thinks. A short log is left lying when the program ends; the next one reads it in no time.

use super::{migrate, options::OpenOptions};
use rusqlite::{Connection, Result, config::DbConfig};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The log of a database, as its writer sees it.
pub(super) struct Log {
    file: PathBuf,
    options: OpenOptions,
    length: u64,
    /// From what length it is worth being worked in.
    long: u64,
}

impl Log {
    pub(super) fn new(database: &Path, options: OpenOptions) -> Self {
        let mut file = database.as_os_str().to_owned();
        file.push("-wal");
        Self { file: file.into(), options, length: 0, long: options.log_keep }
    }

    /// Sets what a connection needs before it writes.
    ///
    /// `synchronous = NORMAL` leaves the log to the system. What was acknowledged survives the death
    /// of the program, `kill -9` included, because the system has it; when the power fails, the
    /// last moments may be lost, but the database is never damaged. Waiting for the disk on each
    /// commit would hold up every step of a turn.
    pub(super) fn prepare(&self, conn: &Connection) -> Result<()> {
        conn.execute_batch(&format!(
            "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0;
             PRAGMA journal_size_limit = {};",
            self.options.log_limit
        ))
    }

    /// Looks how long it has become.
    pub(super) fn look(&mut self) {
        self.length = std::fs::metadata(&self.file).map_or(0, |file| file.len());
    }

    /// Whether to work it in when there is time.
    pub(super) fn is_long(&self) -> bool {
        self.length > self.long
    }

    /// Whether to work it in now.
    pub(super) fn is_overdue(&self) -> bool {
        self.is_long() && self.length > self.options.log_limit
    }

    /// Works it in and begins a new one: the first write into a log waits for the disk, so it had
    /// better be this one.
    pub(super) fn work_in(&mut self, conn: &Connection) {
        if self.empty(conn) {
            let _ = migrate::mark(conn);
            self.long = self.options.log_keep;
            self.length = 0;
        } else {
            // Somebody is reading. Not again before it has grown as much again.
            self.long = self.length + self.options.log_keep;
        }
    }

    /// Works one in that is too long to leave.
    pub(super) fn finish(&mut self, conn: &Connection) {
        self.look();
        if self.length > self.options.log_leave {
            self.empty(conn);
        }
    }

    fn empty(&self, conn: &Connection) -> bool {
        // Those who read now may go on doing so: don't wait for them.
        let _ = conn.busy_timeout(Duration::ZERO);
        let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        let _ = conn.busy_timeout(self.options.busy_timeout);
        busy.is_ok_and(|busy| !busy)
    }
}

/// Has SQLite leave the log alone when the connection is closed.
pub(super) fn keep_on_close(conn: &Connection) -> Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(drop)
}
