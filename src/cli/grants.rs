//! `openpista grants …`: standing approvals.

use super::Exit;
use crate::{
    app::{Flags, Loaded, block_on},
    front::{ago, printable},
};
use clap::{Args, Subcommand};
use std::io::Write;

/// Characters of a fingerprint that are shown, and accepted in its place.
const SHORT: usize = 12;

#[derive(Debug, Args)]
pub(super) struct Grants {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what was approved for good
    #[command(alias = "ls")]
    List {
        /// As JSON, one a line
        #[arg(long)]
        json: bool,
    },
    /// Revoke approvals
    #[command(aliases = ["remove", "delete"])]
    Rm {
        /// Fingerprints, or their beginnings
        #[arg(required = true)]
        fingerprints: Vec<String>,
    },
}

impl Grants {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        block_on(self.command.main(flags))
    }
}

impl Command {
    async fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        let loaded = Loaded::load(flags).await?;
        let memory = loaded.memory()?;
        let mut out = std::io::stdout().lock();
        match self {
            Self::List { json } => {
                let grants = memory.grants().await?;
                for grant in &grants {
                    if json {
                        writeln!(out, "{}", serde_json::to_string(grant)?)?;
                        continue;
                    }
                    let short: String = grant.fingerprint.chars().take(SHORT).collect();
                    let what = printable(&format!("{} {}", grant.tool, grant.args)).replace('\n', " ");
                    writeln!(out, "{short}  {:<12} {what}  (in {})", ago(grant.granted_ms), grant.workspace)?;
                }
                if grants.is_empty() && !json {
                    eprintln!("no standing approvals");
                }
            }
            Self::Rm { fingerprints } => {
                let grants = memory.grants().await?;
                let mut failed = false;
                for wanted in &fingerprints {
                    let fitting: Vec<_> =
                        grants.iter().filter(|g| g.fingerprint.starts_with(wanted)).collect();
                    match fitting[..] {
                        [grant] => {
                            memory.revoke(&grant.fingerprint).await?;
                            eprintln!("revoked: {}", printable(&format!("{} {}", grant.tool, grant.args)));
                            continue;
                        }
                        [] => eprintln!("no standing approval begins with {wanted:?}"),
                        _ => eprintln!("{wanted:?} fits {} approvals; give more of it", fitting.len()),
                    }
                    failed = true;
                }
                if failed {
                    return Ok(Exit::Failed);
                }
            }
        }
        Ok(Exit::Ok)
    }
}
