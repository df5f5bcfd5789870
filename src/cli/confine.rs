//! `openpista confine … -- PROGRAM`: what the engine runs programs through where containers are not to
//! be had.

use super::Exit;
use crate::sandbox::process::Confinement;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Confine {
    /// A directory that it may read
    #[arg(long = "read", value_name = "DIR")]
    readable: Vec<PathBuf>,
    /// A directory that it may write to
    #[arg(long = "write", value_name = "DIR")]
    writable: Vec<PathBuf>,
    /// Bytes of memory
    #[arg(long)]
    memory: u64,
    /// Seconds that it may take
    #[arg(long)]
    seconds: u64,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    argv: Vec<String>,
}

impl Confine {
    pub(super) fn main(self) -> anyhow::Result<Exit> {
        let Self { readable, writable, memory, seconds, argv } = self;
        let error = Confinement { readable, writable, memory_bytes: memory, seconds }.exec(&argv);
        anyhow::bail!("{:?} can't be run confined: {error}", argv.first())
    }
}
