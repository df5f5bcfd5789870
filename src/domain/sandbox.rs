//! Profiles of containers: what a model may choose by name, and never put together itself.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// A profile, as declared.
#[derive(Clone, Debug, PartialEq)]
pub struct SandboxProfile {
    /// Its name.
    pub name: String,
    /// The image; a skill's own `image:` goes before it.
    pub image: Option<String>,
    /// Bytes of memory.
    pub memory_bytes: Option<u64>,
    /// Processors.
    pub cpus: Option<f64>,
    /// Processes.
    pub pids: Option<u32>,
    /// Whether it has a network.
    pub network: bool,
    /// How it sees the workspace.
    pub workspace: WorkspaceAccess,
    /// Other directories that it sees.
    pub mounts: Vec<ProfileMount>,
    /// `uid:gid`; `None`: nobody.
    pub user: Option<String>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// How long a run may take when the call doesn't say.
    pub timeout: Option<Duration>,
    /// Whether it may run as a process on this machine where no Docker engine answers.
    pub fallback: bool,
    /// `file:line` of the declaration.
    pub location: String,
}

/// How a container sees the workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkspaceAccess {
    /// Not at all.
    None,
    /// It can read it.
    #[default]
    Read,
    /// It can change it.
    Write,
}

/// A directory of the machine's that a container sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileMount {
    /// The directory, as written; `~` and relative paths are allowed.
    pub host: PathBuf,
    /// Where the container sees it; absolute.
    pub guest: String,
    /// Whether it may write there.
    pub writable: bool,
}
