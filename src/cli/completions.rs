//! `openpista completions SHELL`.

use super::{Cli, Exit};
use clap::{Args, CommandFactory};
use std::io::Write;

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

impl Completions {
    pub(super) fn main(self) -> anyhow::Result<Exit> {
        let mut script = vec![];
        clap_complete::generate(self.shell, &mut Cli::command(), "openpista", &mut script);
        std::io::stdout().write_all(&script)?;
        Ok(Exit::Ok)
    }
}
