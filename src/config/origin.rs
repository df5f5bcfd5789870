//! Where a value came from.

use serde::Serialize;
use std::{fmt, path::PathBuf};

/// Where the value of a setting was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Origin {
    /// Nowhere: it is the built-in one.
    #[default]
    Default,
    /// In `config.toml`.
    Toml {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In `init.lua`, by `pista.setup`.
    Lua {
        /// `file:line`.
        location: String,
    },
    /// In the environment.
    Env {
        /// The variable.
        var: String,
    },
    /// On the command line.
    Flag {
        /// The flag with its dashes.
        name: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Toml { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Lua { location } => f.write_str(location),
            Self::Env { var } => write!(f, "environment {var}"),
            Self::Flag { name } => f.write_str(name),
        }
    }
}
