//! `openpista config …`.

use super::Exit;
use crate::{
    app::{Flags, Loaded, block_on},
    config::table,
};
use clap::{Args, Subcommand};
use std::io::Write;

#[derive(Debug, Args)]
pub(super) struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show every setting in force; secrets are hidden
    #[command(alias = "list")]
    Show {
        /// Where each value comes from
        #[arg(long)]
        origin: bool,
        /// As JSON, one setting a line, with its origin
        #[arg(long)]
        json: bool,
    },
    /// Show which files are in use
    Path,
    /// Print a config.toml with every setting, its default and its meaning
    Example,
}

impl Config {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        block_on(self.command.main(flags))
    }
}

impl Command {
    async fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        let mut out = std::io::stdout().lock();
        match self {
            Self::Example => write!(out, "{}", crate::config::example())?,
            Self::Show { origin, json } => {
                let loaded = Loaded::load(flags).await?;
                let shown = loaded.settings.describe(loaded.secrets.redactor());
                if json {
                    for setting in &shown {
                        writeln!(out, "{}", serde_json::to_string(setting)?)?;
                    }
                } else {
                    write!(out, "{}", table(&shown, origin))?;
                }
            }
            Self::Path => {
                let loaded = Loaded::load(flags).await?;
                let shown = |path: &Option<std::path::PathBuf>, none: &str| {
                    path.as_ref().map_or_else(|| none.to_owned(), |p| p.display().to_string())
                };
                writeln!(out, "init.lua     {}", shown(&loaded.located.init, "(built in)"))?;
                writeln!(out, "config.toml  {}", shown(&loaded.located.toml, "(none)"))?;
                writeln!(out, "database     {}", loaded.settings.database.display())?;
                writeln!(out, "state        {}", loaded.dirs.state.display())?;
            }
        }
        Ok(Exit::Ok)
    }
}
