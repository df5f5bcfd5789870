//! `openpista sessions …`.

use super::Exit;
use crate::{
    app::{Flags, Loaded, block_on},
    front::{Colour, session_line, tail, transcript},
    memory::{Pruned, Stale},
};
use clap::{Args, Subcommand};
use std::{
    io::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

#[derive(Debug, Args)]
pub(super) struct Sessions {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List conversations, the last one touched first
    #[command(alias = "ls")]
    List {
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// As JSON, one a line
        #[arg(long)]
        json: bool,
    },
    /// Show a conversation
    Show {
        /// Its name, its id, or the beginning of its id
        session: String,
        /// As JSON, one message a line
        #[arg(long)]
        json: bool,
    },
    /// Search the messages of all conversations
    Search {
        /// Words that must all occur
        #[arg(required = true)]
        words: Vec<String>,
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// As JSON, one a line
        #[arg(long)]
        json: bool,
    },
    /// Give a conversation a name
    Name {
        /// Its name, its id, or the beginning of its id
        session: String,
        /// The new name
        name: String,
    },
    /// Remove conversations that nobody has spoken in for a time, for good
    Prune {
        /// For how long: 90d, 12w, 36h
        #[arg(long, value_name = "TIME", value_parser = crate::cron::time)]
        older: Duration,
        /// Those that have a name, too
        #[arg(long)]
        named: bool,
        /// Only tell what would be removed
        #[arg(long)]
        dry_run: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove conversations for good
    #[command(aliases = ["remove", "delete"])]
    Rm {
        /// Names, ids, or the beginnings of ids
        #[arg(required = true)]
        sessions: Vec<String>,
    },
}

/// Conversations that are shown of those that would be removed.
const SHOWN: usize = 20;

/// The moment so long ago, in milliseconds since 1970.
fn before(older: Duration) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.saturating_sub(older).as_millis()).unwrap_or(i64::MAX)
}

/// What was removed, or would be, for a person.
fn pruned(Pruned { sessions, messages, busy, named }: Pruned, dry_run: bool) -> String {
    let mut text = String::new();
    if dry_run && sessions > SHOWN as u64 {
        text += &format!("… and {} more\n", sessions - SHOWN as u64);
    }
    let verb = if dry_run { "would be removed" } else { "removed" };
    text += &format!("{sessions} conversations with {messages} messages {verb}\n");
    for (count, why) in [(busy, "are in use"), (named, "have a name (--named takes them, too)")] {
        if count > 0 {
            text += &format!("{count} stay: they {why}\n");
        }
    }
    text
}

impl Sessions {
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
            Self::List { limit, json } => {
                let sessions = memory.sessions(limit).await?;
                for session in &sessions {
                    if json {
                        writeln!(out, "{}", serde_json::to_string(session)?)?;
                    } else {
                        writeln!(out, "{}", session_line(session, Colour::stdout()))?;
                    }
                }
                if sessions.is_empty() && !json {
                    eprintln!("no sessions yet");
                }
            }
            Self::Show { session, json } => {
                let session = memory.find_session(&session).await?;
                let messages = memory.messages(&session.id).await?;
                if json {
                    for message in &messages {
                        writeln!(out, "{}", serde_json::to_string(message)?)?;
                    }
                } else {
                    writeln!(out, "{}", session_line(&session, Colour::stdout()))?;
                    write!(out, "{}", transcript(&messages, Colour::stdout()))?;
                }
            }
            Self::Search { words, limit, json } => {
                let found = memory.search(&words.join(" "), limit).await?;
                for hit in &found {
                    if json {
                        writeln!(out, "{}", serde_json::to_string(hit)?)?;
                    } else {
                        let snippet = crate::front::printable(&hit.snippet).replace('\n', " ");
                        writeln!(out, "{}  {:<9} {snippet}", tail(hit.session.as_str()), hit.role)?;
                    }
                }
                if found.is_empty() {
                    eprintln!("nothing found");
                    return Ok(Exit::Failed);
                }
            }
            Self::Name { session, name } => {
                let session = memory.find_session(&session).await?;
                crate::app::check_name(&name)?;
                memory.rename(&session.id, Some(&name)).await?;
            }
            Self::Prune { older, named, dry_run, json } => {
                let stale = Stale { before_ms: before(older), named };
                let told = if dry_run { memory.stale(stale).await? } else { memory.prune(stale).await? };
                if json {
                    writeln!(out, "{}", serde_json::to_string(&told)?)?;
                    return Ok(Exit::Ok);
                }
                if dry_run {
                    for session in memory.stale_sessions(stale, SHOWN).await? {
                        writeln!(out, "{}", session_line(&session, Colour::stdout()))?;
                    }
                }
                write!(out, "{}", pruned(told, dry_run))?;
            }
            Self::Rm { sessions } => {
                // All must be there before any is removed.
                let mut found = vec![];
                for session in &sessions {
                    found.push(memory.find_session(session).await?);
                }
                for session in found {
                    memory.remove_session(&session.id).await?;
                    eprintln!("removed {} ({} messages)", tail(session.id.as_str()), session.messages);
                }
            }
        }
        Ok(Exit::Ok)
    }
}
