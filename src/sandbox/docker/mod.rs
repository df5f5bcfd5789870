//! Containers by the Docker engine's own interface: one for each task, never used again.
//!
//! By default a container has no network, a read-only root, no capabilities, no way to gain any, no
//! root user, and the workspace read-only. One that may write to a directory of the machine's has the
//! number of whoever that belongs to. It is removed at the end, whatever the end is; what a
//! program left behind by dying, the next one sweeps up.

mod client;
mod create;
mod error;
mod image;
mod places;
mod remove;
mod run;
mod sweep;

pub use client::Docker;
pub use error::{DockerError, Lost, Step};
pub use image::PULL_SILENCE;
pub use places::places;

use super::{Exit, Output};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, SystemTime},
};

/// The memory that a container may have when nobody says.
pub const DEFAULT_MEMORY: u64 = 512 << 20;
/// The processors that it may use when nobody says.
pub const DEFAULT_CPUS: f64 = 1.0;
/// The processes that it may have when nobody says.
pub const DEFAULT_PIDS: u32 = 256;
/// The user that it runs as when nobody says: nobody.
pub const DEFAULT_USER: &str = "65534:65534";
/// The size of its `/tmp`.
pub const TMP_SIZE: u64 = 64 << 20;
/// Where it sees the workspace.
pub const WORKSPACE: &str = "/workspace";

/// A directory of the machine's that a container sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The directory; absolute.
    pub host: PathBuf,
    /// Where the container sees it; absolute.
    pub guest: String,
    /// Whether it may write there.
    pub writable: bool,
}

/// Whom a container runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// The container's own numbers, `uid:gid`.
    Fixed(String),
    /// Somebody of the machine's: what it writes there is theirs, whatever the engine makes of numbers.
    Of {
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
    },
}

/// What to run, and in what.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// The image.
    pub image: String,
    /// The program and its arguments; empty: the image's own.
    pub argv: Vec<String>,
    /// What it reads; without, its input is empty.
    pub stdin: Option<String>,
    /// Environment variables besides the image's. Anybody who may talk to the engine can read them.
    pub env: BTreeMap<String, String>,
    /// Where it runs; `None`: where the workspace is, if it sees it, else the image's own.
    pub cwd: Option<String>,
    /// What it sees of the machine.
    pub mounts: Vec<Mount>,
    /// Whether it has a network.
    pub network: bool,
    /// The user and group that it runs as.
    pub user: User,
    /// Processors.
    pub cpus: f64,
    /// Processes.
    pub pids: u32,
    /// Whether it may write to its own root.
    pub writable_root: bool,
}

impl Container {
    /// A container with the defaults: nothing of the machine's, no network.
    pub fn new(image: impl Into<String>, argv: Vec<String>) -> Self {
        Self {
            image: image.into(),
            argv,
            stdin: None,
            env: BTreeMap::new(),
            cwd: None,
            mounts: vec![],
            network: false,
            user: User::Fixed(DEFAULT_USER.into()),
            cpus: DEFAULT_CPUS,
            pids: DEFAULT_PIDS,
            writable_root: false,
        }
    }
}

/// What became of a container.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerOutcome {
    /// How it ended.
    pub exit: Exit,
    /// Whether the engine killed something in it for want of memory, whatever came of that.
    pub out_of_memory: bool,
    /// Its standard output.
    pub stdout: Output,
    /// Its standard error.
    pub stderr: Output,
    /// From its start to its end.
    pub duration: Duration,
}

/// Is told how long work goes on.
pub type Progress<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Seconds since 1970, for labels.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
