//! `fs.append`: more at the end of a file. For scripts: a model writes whole files.

use super::{FsError, Reply, Workspace, protected::Access, real::real_path, workspace::forbid};
use cap_std::fs::{MetadataExt as _, OpenOptions, OpenOptionsExt};
use serde::Deserialize;
use std::{io::Write as _, os::fd::AsFd, sync::PoisonError};

/// Asks for something to be added to a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Append {
    /// The file. Made when it is missing, with its directories.
    pub path: String,
    /// What comes at its end.
    pub content: String,
}

impl Workspace {
    /// Adds to the end of a file.
    pub fn append(&self, request: &Append) -> Result<Reply, FsError> {
        let wrong = |source| self.io(&request.path, source);
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.place(&request.path)?;
        let rules = self.rules();
        let target = self.target(&place, &rules)?;
        let mut options = OpenOptions::new();
        options.append(true).create(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_NOFOLLOW);
        let mut file = target.dir.open_with(&target.name, &options).map_err(wrong)?;
        // What is open now is judged, whatever was there before.
        let metadata = file.metadata().map_err(wrong)?;
        let real = real_path(file.as_fd()).map_err(wrong)?;
        forbid(&rules, &real, Some(&metadata), Access::Write, &request.path)?;
        if !metadata.is_file() {
            return Err(FsError::Special(request.path.clone()));
        }
        file.write_all(request.content.as_bytes()).map_err(wrong)?;
        let (added, size) = (request.content.len(), metadata.size() + request.content.len() as u64);
        Ok(Reply::new(format!("added {added} bytes to {}", request.path))
            .with("path", request.path.as_str())
            .with("added", added)
            .with("bytes", size)
            .with("created", target.existing.is_none()))
    }
}
