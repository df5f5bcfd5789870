//! `openpista tools`.

use super::Exit;
use crate::{
    app::{Flags, Loaded, block_on},
    front::Colour,
};
use clap::Args;
use std::io::Write;

#[derive(Debug, Args)]
pub(super) struct Tools {
    /// The agent [default: the setting `agent`, else main]
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// As JSON, one tool a line, with the schema of its arguments
    #[arg(long)]
    json: bool,
}

impl Tools {
    pub(super) fn main(self, mut flags: Flags) -> anyhow::Result<Exit> {
        if let Some(agent) = &self.agent {
            flags.set("agent", "--agent", agent.as_str().into());
        }
        block_on(async move {
            let loaded = Loaded::load(flags).await?;
            let mut out = std::io::stdout().lock();
            if self.json {
                for line in loaded.tools_json()? {
                    writeln!(out, "{line}")?;
                }
            } else {
                write!(out, "{}", loaded.tools_table(Colour::stdout())?)?;
            }
            Ok(Exit::Ok)
        })
    }
}
