//! A database that is damaged: how that shows, and what a person can do.

use super::error::{Fault, passes};
use crate::{domain::store::StoreError, health::Tasks};
use rusqlite::ErrorCode;
use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

/// What a person can do about it.
pub(super) const REMEDY: &str = "end what uses it; then `openpista restore BACKUP` puts a backup in its place. Without \
     one, move it away together with its -wal and -shm, to begin with an empty database";

/// Where the database is, and whether it was found to be damaged.
pub(super) struct Site {
    path: PathBuf,
    damage: OnceLock<String>,
    /// Where panics are noted.
    tasks: OnceLock<Tasks>,
}

impl Site {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, damage: OnceLock::new(), tasks: OnceLock::new() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// From now on panics are noted there.
    pub(super) fn report_to(&self, tasks: Tasks) {
        // The first one stays.
        let _ = self.tasks.set(tasks);
    }

    /// A piece of writing panicked.
    pub(super) fn panicked(&self, message: &str) {
        if let Some(tasks) = self.tasks.get() {
            tasks.failed("writer", &message.to_owned(), Duration::ZERO);
        }
    }

    /// What was found to be wrong with it, first.
    pub(super) fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    /// Notes that it is damaged, and says so once.
    pub(super) fn note(&self, found: &str) {
        if self.damage.set(found.to_owned()).is_ok() {
            tracing::error!("the database {} is damaged ({found}): {REMEDY}", self.path.display());
        }
    }

    /// The error for the outside. One that tells of damage names the remedy.
    pub(super) fn error(&self, fault: Fault) -> StoreError {
        let path = self.path.display().to_string();
        let message = match fault {
            Fault::Store(error) => return error,
            Fault::Sql(error) if passes(&error) => {
                return StoreError::Unavailable { path, message: error.to_string() };
            }
            Fault::Sql(error) if is_damage(&error) => {
                let found = error.to_string();
                self.note(&found);
                format!("it is damaged ({found}): {REMEDY}")
            }
            Fault::Sql(error) => error.to_string(),
            Fault::Text(text) => text,
            Fault::Panic(text) => format!("a fault of the program: {text}"),
        };
        StoreError::Database { path, message }
    }
}

/// Whether an error says that the file is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        // A table's or a trigger's text that SQLite cannot read any more.
        || error.to_string().contains("malformed")
}
