//! What can go wrong with files, told to a model.

use std::{io, path::PathBuf};

/// Why a file operation failed. The text says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// The workspace itself can't be used.
    #[error("the workspace {path:?} can't be opened: {source}")]
    Workspace {
        /// The workspace.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// The path leads out of the workspace.
    #[error(
        "{path:?} is outside of the workspace {workspace:?}: the file tools stay beneath it, and don't follow \
         `..` or links that leave it, or links with absolute targets"
    )]
    Outside {
        /// As given.
        path: String,
        /// The workspace.
        workspace: PathBuf,
    },
    /// There is nothing there.
    #[error("{0:?}: no such file or directory")]
    NotFound(String),
    /// It is one of those that hold secrets, or that decide what may be done.
    #[error("{path:?} is protected: {why}")]
    Protected {
        /// As given.
        path: String,
        /// By what, and the remedy if there is one.
        why: String,
    },
    /// A directory where a file was needed.
    #[error("{0:?} is a directory; fs.list shows what is in it")]
    Directory(String),
    /// A file where a directory was needed.
    #[error("{0:?} is not a directory")]
    NotDirectory(String),
    /// A pipe, a device, a socket.
    #[error("{0:?} is not a regular file")]
    Special(String),
    /// It isn't text.
    #[error("{path:?} is not text ({size} bytes): {hint}")]
    Binary {
        /// As given.
        path: String,
        /// Its size in bytes.
        size: u64,
        /// What can be done instead.
        hint: &'static str,
    },
    /// The arguments make no sense for this file.
    #[error("{0}")]
    Arguments(String),
    /// The file changed between being read and being written.
    #[error("{0:?} was changed by someone else meanwhile; nothing was written: read it again")]
    Changed(String),
    /// The time was over.
    #[error("it took too long and was stopped; ask for less at once")]
    Late,
    /// Nobody waits for it any more.
    #[error("cancelled")]
    Cancelled,
    /// The system said no.
    #[error("{path:?}: {source}")]
    Io {
        /// As given.
        path: String,
        /// The system's own words.
        source: io::Error,
    },
}

impl FsError {
    /// For programs to tell errors apart.
    pub(super) fn kind(&self) -> Option<&'static str> {
        match self {
            Self::NotFound(_) => Some("not_found"),
            Self::Protected { .. } | Self::Outside { .. } => Some("denied"),
            Self::Late => Some("timeout"),
            Self::Arguments(_) => Some("usage"),
            Self::Cancelled => Some("cancelled"),
            _ => None,
        }
    }
}
