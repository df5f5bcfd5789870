//! What the command line sets.

use crate::config::{Environment, Flag};
use serde_json::Value;
use std::path::PathBuf;

/// The settings given as flags, the strongest layer.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The init.lua to use.
    pub config: Option<PathBuf>,
    pub(super) values: Vec<Flag>,
    pub(super) environment: Option<Environment>,
    /// Where no workspace is set, tools work in one of the program's own, not in the current directory.
    pub(super) own_workspace: bool,
}

impl Flags {
    /// No settings; `config` is the init.lua to use.
    pub fn new(config: Option<PathBuf>) -> Self {
        Self { config, ..Self::default() }
    }

    /// Has the engine see these variables in place of the program's own, for programs that hold more
    /// than one engine.
    #[must_use]
    pub fn within(self, environment: Environment) -> Self {
        Self { environment: Some(environment), ..self }
    }

    /// For a program that stays, whose current directory means nothing: where no workspace is set, its
    /// tools work in one of its own.
    #[must_use]
    pub fn with_own_workspace(self) -> Self {
        Self { own_workspace: true, ..self }
    }

    /// Sets `key`, as given by the flag `name`.
    pub fn set(&mut self, key: &'static str, name: &'static str, value: Value) {
        self.values.push(Flag { key, name, value });
    }
}
