//! `openpista doctor`.

use super::Exit;
use crate::{
    app::{self, Flags, block_on},
    front::{Colour, to_stdout},
};
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Attempt each escape from each sandbox, and tell what happened
    #[arg(long)]
    prove: bool,
    /// As JSON, one check a line
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        block_on(async move {
            let healthy = app::doctor(flags, self.prove, |finding| {
                let line = match self.json {
                    true => serde_json::to_string(finding).map(|line| line + "\n"),
                    false => Ok(finding.line(Colour::stdout())),
                };
                match line {
                    // Nobody may read on: the checks still tell by the exit code.
                    Ok(line) => drop(to_stdout(&line)),
                    Err(error) => eprintln!("{error}"),
                }
            })
            .await;
            Ok(if healthy { Exit::Ok } else { Exit::Failed })
        })
    }
}
