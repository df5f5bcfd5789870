//! `openpista lua-worker`: the process in which a program of the model's runs.

use super::Exit;
use crate::{
    sandbox::lua::{confine, confined},
    script,
};
use anyhow::{Context, bail};
use clap::Args;
use std::io::{IsTerminal, stdin};

#[derive(Debug, Args)]
pub(super) struct LuaWorker {
    /// Seconds of processor time
    #[arg(default_value_t = 30)]
    cpu_seconds: u64,
}

impl LuaWorker {
    pub(super) fn main(self) -> anyhow::Result<Exit> {
        if stdin().is_terminal() {
            bail!("lua-worker is started by the engine, for the tool lua.run; by hand it is of no use");
        }
        confine(self.cpu_seconds).context("this process can't be confined")?;
        if !confined() {
            bail!("this process is not confined");
        }
        script::work()?;
        Ok(Exit::Ok)
    }
}
