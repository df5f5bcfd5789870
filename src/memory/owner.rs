//! Which running program a turn belongs to: it holds the lock `run/<instance>.lock` beside the database.

use super::error::Fault;
use crate::{
    domain::store::StoreError,
    instance::{self, Instance},
};
use std::path::{Path, PathBuf};

/// This program as an owner of turns, able to look at the others.
pub(super) struct Owner(Instance);

impl Owner {
    /// An owner that holds nothing yet. `database` is the file that the turns are in.
    pub(super) fn new(database: &Path, id: String) -> Self {
        Self(Instance::called(locks(database), id))
    }

    /// The id that turns are marked with.
    pub(super) fn instance(&self) -> &str {
        self.0.id()
    }

    /// Takes the lock, the first time; removes the files that dead programs left.
    pub(super) fn hold(&mut self) -> Result<(), Fault> {
        self.0.hold().map_err(|error| {
            // A full disk, say: trying again later helps.
            let (path, message) = (self.0.dir().display().to_string(), error.to_string());
            Fault::Store(StoreError::Unavailable { path, message })
        })
    }

    /// Whether the program `instance` is running. The file of one that is not gets removed.
    ///
    /// To be asked within a write transaction: two programs that look at the same file at once
    /// would each take the other for its owner.
    pub(super) fn alive(&self, instance: &str) -> bool {
        self.0.alive(instance)
    }
}

/// Whether the program `instance` seems to be running: a look that changes nothing, for lists.
pub(super) fn seen_alive(database: &Path, instance: &str) -> bool {
    instance::seen_alive(&locks(database), instance)
}

/// The directory of the locks of those who use a database.
pub(super) fn locks(database: &Path) -> PathBuf {
    database.with_file_name("run")
}
