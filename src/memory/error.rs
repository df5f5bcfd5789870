//! Why the memory cannot be opened, and what goes wrong inside it.

use super::damage::{REMEDY, is_damage};
use crate::domain::store::StoreError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the memory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The file, or the directory that it belongs in, cannot be made.
    #[error("cannot create {}: {source}", .path.display())]
    Create {
        /// What was to be made.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// The file is there, but SQLite cannot use it: permissions, a full disk, a lock.
    #[error(
        "cannot use the database {}: {message}; the file and its directory must be readable and writable",
        .path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        message: String,
    },
    /// The file is damaged, or its log is not its own.
    #[error("the database {} is damaged ({message}). Nothing was changed. {REMEDY}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that shows.
        message: String,
    },
    /// The file is something else.
    #[error("{} is not an openpista database ({message}); move it away, name another file, or put a backup in its place: openpista restore BACKUP", .path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// How that shows.
        message: String,
    },
    /// A newer program wrote the file.
    #[error(
        "the database {} has version {found}, and this openpista knows versions up to {known}: \
         update openpista, or move the file away to begin with an empty one",
        .path.display()
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The copy that is made before a migration failed. The database is as it was.
    #[error("cannot copy the database to {} before bringing it up to date: {message}", .copy.display())]
    Copy {
        /// The copy.
        copy: PathBuf,
        /// What went wrong.
        message: String,
    },
    /// A migration failed. The database is as it was.
    #[error("cannot bring the database {} up to date: {name}: {message}", .path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// The migration.
        name: &'static str,
        /// SQLite's own words.
        message: String,
    },
}

impl MemoryError {
    /// Whether a person has to do something before it can work: trying again does not help.
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::NotADatabase { .. } | Self::TooNew { .. })
    }

    /// Sorts SQLite's errors on opening `path`.
    pub(super) fn open(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let message = error.to_string();
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => Self::NotADatabase { path, message },
            _ if is_damage(error) => Self::Damaged { path, message },
            _ => Self::Open { path, message },
        }
    }
}

/// What goes wrong inside a piece of work, before it is known which file to name.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(rusqlite::Error),
    Store(StoreError),
    Text(String),
    /// The piece of work panicked, with this message.
    Panic(String),
}

impl Fault {
    /// Whether somebody answers in the conversation, or is waited for.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Store(StoreError::Busy { .. } | StoreError::Waits { .. }))
    }
}

/// Whether the same may succeed later: another program has the lock, or the disk is full or unreachable.
pub(super) fn passes(error: &rusqlite::Error) -> bool {
    use rusqlite::{ErrorCode, ffi};
    let rusqlite::Error::SqliteFailure(failure, _) = error else { return false };
    match failure.code {
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::OutOfMemory
        | ErrorCode::FileLockingProtocolFailed => true,
        // The file at the path is another one now: this connection will never write it again.
        ErrorCode::ReadOnly => failure.extended_code != ffi::SQLITE_READONLY_DBMOVED,
        _ => false,
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
