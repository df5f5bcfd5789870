//! What can be wrong with a configuration.

use super::Origin;
use std::{fmt, path::PathBuf};

/// One fault: what, where, and how to mend it. Never repeats what may be a secret.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A value that a setting cannot have.
    #[error("{at}: {key} {problem}")]
    Value {
        /// The setting.
        key: &'static str,
        /// What is wrong and what is allowed, following the key in a sentence.
        problem: String,
        /// Where it was given.
        at: Origin,
    },
    /// A key that is no setting.
    #[error("{at}: there is no setting {key:?}{hint}")]
    UnknownKey {
        /// The key as written, cut to a readable length.
        key: String,
        /// Beginning with a separator: the nearest setting, or where the thing belongs.
        hint: String,
        /// Where it was given.
        at: Origin,
    },
    /// Text that is no TOML.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A file that cannot be read.
    #[error("{}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        message: String,
    },
    /// A configuration that was asked for and isn't there.
    #[error("{}: no such file (asked for by {by})", path.display())]
    NoInit {
        /// The file.
        path: PathBuf,
        /// `--config`, or the environment variable.
        by: Origin,
    },
    /// Nobody says where the user's files belong.
    #[error("cannot tell where your files belong: set HOME, or {var} and its like, to an absolute path")]
    NoHome {
        /// A variable that would help.
        var: &'static str,
    },
}

/// Every fault that was found, one a line when displayed. Never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}
