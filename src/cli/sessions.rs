//! `openpista sessions …`.

use super::Exit;
use crate::{
    app::{Flags, Loaded, block_on},
    front::{Colour, session_line, tail, transcript},
};
use clap::{Args, Subcommand};
use std::io::Write;

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
    /// Remove conversations for good
    #[command(aliases = ["remove", "delete"])]
    Rm {
        /// Names, ids, or the beginnings of ids
        #[arg(required = true)]
        sessions: Vec<String>,
    },
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
