//! `fs.write`: a whole file.

use super::{FsError, Reply, Workspace};
use serde::Deserialize;
use std::sync::PoisonError;

/// Asks for a file to be written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// The file. Directories that are missing are made.
    pub path: String,
    /// All that it shall hold.
    pub content: String,
}

impl Workspace {
    /// Writes a file, new or in the place of another, whose mode it keeps. Whoever reads it meanwhile
    /// gets either the old content or the new.
    pub fn write(&self, request: &Write) -> Result<Reply, FsError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.place(&request.path)?;
        let created = self.store(&place, request.content.as_bytes(), None)?;
        let (done, bytes) = (if created { "created" } else { "replaced" }, request.content.len());
        Ok(Reply::new(format!("{done} {} ({bytes} bytes)", request.path))
            .with("path", request.path.as_str())
            .with("bytes", bytes)
            .with("created", created))
    }
}
