//! `openpista doctor`.

use super::Exit;
use crate::{
    app::{self, Flags, block_on},
    front::Colour,
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
                if self.json {
                    match serde_json::to_string(finding) {
                        Ok(line) => println!("{line}"),
                        Err(error) => eprintln!("{error}"),
                    }
                } else {
                    print!("{}", finding.line(Colour::stdout()));
                }
            })
            .await;
            Ok(if healthy { Exit::Ok } else { Exit::Failed })
        })
    }
}
