//! Whether a daemon would do what a command would do by itself.
//!
//! A command that uses a daemon shall not surprise anybody: it has to be the same configuration, the
//! same directory that tools work in, and nothing in the command's environment that the daemon
//! does not know of.

use super::super::Loaded;
use crate::config::{Dirs, Environment, KEYS, Located, Origin};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, fmt::Write, path::PathBuf};

/// Settings that make no difference to what a command does.
const INDIFFERENT: &[&str] = &["listen", "log", "log_format", "history"];

/// What an engine was started with, and works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The init.lua in use; `None`: the built-in one.
    pub init: Option<PathBuf>,
    /// The directory that tools work in.
    pub workspace: PathBuf,
    /// That directory is written in the configuration. Else it is where the engine was started.
    pub fixed: bool,
    /// Where the history of its user's prompts is kept.
    pub history: PathBuf,
    /// A digest of each setting that the environment gave, by the name of its variable.
    pub given: BTreeMap<String, String>,
}

/// Why a daemon would do something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It has another init.lua.
    Configuration(Option<PathBuf>),
    /// A variable says something to the command that the daemon was not told.
    Variable(String),
    /// Its tools work in another directory.
    Workspace(PathBuf),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(Some(init)) => write!(f, "it was started with {}", init.display()),
            Self::Configuration(None) => f.write_str("it was started without an init.lua"),
            Self::Variable(name) => write!(f, "it was started with another {name}, or without"),
            Self::Workspace(workspace) => write!(f, "it works in {}", workspace.display()),
        }
    }
}

impl Mark {
    /// That of a configuration.
    pub fn of(loaded: &Loaded) -> Self {
        let origin = loaded.settings.origin("workspace");
        Self {
            init: loaded.located.init.clone(),
            workspace: loaded.workspace(),
            fixed: matches!(origin, Some(Origin::Toml { .. } | Origin::Lua { .. })),
            history: loaded.settings.history.clone(),
            given: given(&loaded.environment),
        }
    }

    /// What would be different for a command that finds these files, in these directories and this
    /// environment; the gravest.
    pub fn difference(
        &self,
        located: &Located,
        dirs: &Dirs,
        environment: &Environment,
    ) -> Option<Difference> {
        if self.init != located.init {
            return Some(Difference::Configuration(self.init.clone()));
        }
        let theirs =
            given(environment).into_iter().find(|(name, digest)| self.given.get(name) != Some(digest));
        if let Some((name, _)) = theirs {
            return Some(Difference::Variable(name));
        }
        let own = std::fs::canonicalize(&dirs.current).unwrap_or_else(|_| dirs.current.clone());
        let its = std::fs::canonicalize(&self.workspace).unwrap_or_else(|_| self.workspace.clone());
        (!self.fixed && own != its && environment.get("OPENPISTA_WORKSPACE").is_none())
            .then(|| Difference::Workspace(self.workspace.clone()))
    }
}

/// Digests of the settings in an environment: some may hold a key.
fn given(environment: &Environment) -> BTreeMap<String, String> {
    let keys = KEYS.iter().filter(|key| !INDIFFERENT.contains(&key.name));
    let names = keys.flat_map(|key| [Some(key.env), key.env_older]).flatten();
    let given = names.filter_map(|name| Some((name, environment.get(name)?)));
    given.map(|(name, value)| (name.to_owned(), digest(name, value.as_encoded_bytes()))).collect()
}

fn digest(name: &str, value: &[u8]) -> String {
    let digest = Sha256::new().chain_update(name).chain_update([0]).chain_update(value).finalize();
    digest.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
