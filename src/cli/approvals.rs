//! `openpista approvals …`: questions that wait for somebody's answer.

use super::Exit;
use crate::{
    app::{Flags, Loaded, block_on},
    domain::question::{Asked, Decided, Question, QuestionState, QuestionStore, Voter},
    front::{ago, printable},
};
use clap::{Args, Subcommand};
use std::io::Write;

#[derive(Debug, Args)]
pub(super) struct Approvals {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the questions that wait for an answer, and who may give it
    #[command(alias = "ls")]
    List {
        /// As JSON, one a line
        #[arg(long)]
        json: bool,
    },
    /// Let a call run, this once
    Yes {
        /// The question's id
        id: String,
    },
    /// Don't let a call run
    No {
        /// The question's id
        id: String,
    },
}

impl Approvals {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        block_on(self.command.main(flags))
    }
}

impl Command {
    async fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        let loaded = Loaded::load(flags).await?;
        match self {
            Self::List { json } => list(&loaded, json).await,
            Self::Yes { id } => answer(&loaded, &id, true).await,
            Self::No { id } => answer(&loaded, &id, false).await,
        }
    }
}

async fn list(loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    let open = loaded.memory()?.unanswered().await?;
    let mut out = std::io::stdout().lock();
    for question in &open {
        if json {
            writeln!(out, "{}", serde_json::to_string(question)?)?;
            continue;
        }
        let Question { id, people, text, asked_ms, .. } = question;
        let people = people.iter().map(Asked::address).collect::<Vec<_>>().join(", ");
        writeln!(out, "{id}  {:<12} {}", ago(*asked_ms), printable(text).replace('\n', " "))?;
        writeln!(out, "        asked: {}", printable(&people))?;
    }
    if open.is_empty() && !json {
        eprintln!("no question waits for an answer");
    }
    Ok(Exit::Ok)
}

/// The owner's answer. A program that runs, and waits for it, finds it in the memory.
async fn answer(loaded: &Loaded, id: &str, yes: bool) -> anyhow::Result<Exit> {
    let owner = Voter::Owner(format!("cli:{}", loaded.user()));
    let id = id.trim().to_ascii_lowercase();
    let told = match loaded.memory()?.decide(&id, &owner, yes).await? {
        Decided::Counts(question) => {
            let what = printable(&question.text);
            eprintln!("{}: {what}", if yes { "it runs, this once" } else { "it does not run" });
            return Ok(Exit::Ok);
        }
        Decided::Over(question) => {
            let by = question.decided_by.unwrap_or_default();
            match question.state {
                QuestionState::Yes | QuestionState::No => {
                    format!("the question {id} is over: {by} said {}", question.state.as_str())
                }
                QuestionState::Expired => format!("the question {id} is over: the answer took too long"),
                QuestionState::Withdrawn | QuestionState::Open => {
                    format!("the question {id} is over: nobody waits for its answer any more")
                }
            }
        }
        // The owner may answer them all.
        Decided::Unknown | Decided::NotTheirs | Decided::Elsewhere => {
            format!("there is no question {id:?}; `openpista approvals list` shows what there is")
        }
    };
    eprintln!("{told}");
    Ok(Exit::Failed)
}
