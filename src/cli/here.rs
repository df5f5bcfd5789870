//! The daemon of this user on this machine, for the commands that talk to it.

use crate::{
    app::daemon::{Files, holder},
    config::{Dirs, Environment},
    quic::{Client, ClientError},
};
use anyhow::Context;
use std::fs::File;

/// The daemon, or what there is of it.
pub(super) enum Here {
    /// None runs.
    Nobody,
    /// One runs that cannot be talked to: it starts or ends, or hangs.
    Mute {
        /// Its process.
        pid: Option<u32>,
        /// Why it cannot be talked to.
        error: String,
    },
    /// One runs, and listens.
    Daemon(Box<Daemon>),
}

/// A daemon that listens.
pub(super) struct Daemon {
    /// Its process.
    pub(super) pid: u32,
    /// The connection to it.
    pub(super) client: Client,
    /// The file that it has locked for as long as it runs.
    pub(super) lock: File,
}

/// Exit code of `status`, `stop` and `reload` where no daemon runs.
pub(super) const NOT_RUNNING: u8 = 3;

impl Here {
    /// Looks for the daemon whose state is in the directory that the environment names.
    pub(super) async fn find() -> anyhow::Result<Self> {
        let current = std::env::current_dir().context("the current directory can't be read")?;
        let dirs = Dirs::find(&Environment::of_process(), current)?;
        Self::with(&Files::of(&dirs)).await
    }

    async fn with(files: &Files) -> anyhow::Result<Self> {
        let Some(pid) = holder(&files.pid()) else { return Ok(Self::Nobody) };
        let Ok(lock) = File::open(files.pid()) else { return Ok(Self::Nobody) };
        let Some(card) = files.read()? else {
            return Ok(Self::Mute { pid, error: "it is starting, or ending".into() });
        };
        let (target, token) = files.way(&card)?;
        match Client::connect(target, token).await {
            Ok(client) => Ok(Self::Daemon(Box::new(Daemon { pid: card.pid, client, lock }))),
            Err(error @ (ClientError::Unreachable { .. } | ClientError::Lost(_))) => {
                Ok(Self::Mute { pid, error: error.to_string() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The daemon; where there is none, says so, and returns how to exit.
    pub(super) async fn daemon() -> anyhow::Result<Result<Box<Daemon>, super::Exit>> {
        Ok(match Self::find().await? {
            Self::Daemon(daemon) => Ok(daemon),
            Self::Nobody => {
                eprintln!("openpista: not running; `openpista start` starts it");
                Err(super::Exit::Code(NOT_RUNNING))
            }
            Self::Mute { pid, error } => {
                eprintln!("openpista: {} runs, but does not answer: {error}", process(pid));
                Err(super::Exit::Failed)
            }
        })
    }
}

/// A process, in words.
pub(super) fn process(pid: Option<u32>) -> String {
    pid.map_or_else(|| "a daemon".into(), |pid| format!("the daemon (pid {pid})"))
}
