//! `openpista outbox …` and `openpista inbox …`: messages of channels that did not get through.

use super::Exit;
use crate::{
    app::{Flags, Loaded, block_on},
    domain::{cut, store::StoreError},
    front::{ago, printable, to_stderr, to_stdout},
    memory::Memory,
};
use clap::{Args, Subcommand};
use serde::Serialize;

/// Characters of a text or an error that a line shows.
const DETAIL_CHARS: usize = 60;

/// `openpista outbox …`
#[derive(Debug, Args)]
pub(super) struct Outbox {
    #[command(subcommand)]
    command: QueueCommand,
}

/// `openpista inbox …`
#[derive(Debug, Args)]
pub(super) struct Inbox {
    #[command(subcommand)]
    command: QueueCommand,
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// List the messages that did not get through, and why
    List {
        /// Also those on their way
        #[arg(long)]
        all: bool,
        /// As JSON, one a line
        #[arg(long)]
        json: bool,
    },
    /// Try some again: a daemon that runs takes them up within half a minute
    Retry {
        /// Their numbers
        #[arg(required = true)]
        ids: Vec<i64>,
    },
    /// Give some up
    Drop {
        /// Their numbers
        #[arg(required = true)]
        ids: Vec<i64>,
    },
}

impl Outbox {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        block_on(async move {
            let loaded = Loaded::load(flags).await?;
            let memory = loaded.memory()?;
            match self.command {
                QueueCommand::List { all, json } => list_out(memory, all, json).await,
                QueueCommand::Retry { ids } => {
                    each("outbox", &ids, "tried again", |id| memory.retry_out(id)).await
                }
                QueueCommand::Drop { ids } => {
                    each("outbox", &ids, "given up", |id| memory.drop_out(id)).await
                }
            }
        })
    }
}

impl Inbox {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        block_on(async move {
            let loaded = Loaded::load(flags).await?;
            let memory = loaded.memory()?;
            match self.command {
                QueueCommand::List { all, json } => list_in(memory, all, json).await,
                QueueCommand::Retry { ids } => {
                    each("inbox", &ids, "answered again", |id| memory.retry_in(id)).await
                }
                QueueCommand::Drop { ids } => each("inbox", &ids, "given up", |id| memory.drop_in(id)).await,
            }
        })
    }
}

async fn list_out(memory: &Memory, all: bool, json: bool) -> anyhow::Result<Exit> {
    list(&memory.outbox(all).await?, json, "no message is set aside", |message| {
        let to = format!("{}:{}", message.channel, message.conversation);
        let why = message.error.as_deref().unwrap_or("waits");
        line(message.id, message.at_ms, &to, &message.state, why, &message.text)
    })
}

async fn list_in(memory: &Memory, all: bool, json: bool) -> anyhow::Result<Exit> {
    list(&memory.inbox(all).await?, json, "no message ended without an answer", |message| {
        let from = format!("{}:{}", message.channel, message.user);
        let why = message.told.as_deref().unwrap_or("stopped");
        line(message.id, message.at_ms, &from, &message.state, why, &message.text)
    })
}

/// One message a line, as JSON or for people; `none` is said where there are none.
fn list<T: Serialize>(
    messages: &[T],
    json: bool,
    none: &str,
    shown: impl Fn(&T) -> String,
) -> anyhow::Result<Exit> {
    for message in messages {
        let line = if json { format!("{}\n", serde_json::to_string(message)?) } else { shown(message) };
        to_stdout(&line)?;
    }
    if messages.is_empty() && !json {
        to_stderr(&format!("{none}\n"));
    }
    Ok(Exit::Ok)
}

/// One message: its number, age, place and state, then why it is here, then what it says.
fn line(id: i64, at_ms: i64, place: &str, state: &str, why: &str, text: &str) -> String {
    let short = |text: &str| cut::title(&printable(text).replace('\n', " "), DETAIL_CHARS);
    format!(
        "{id:<6} {:<12} {:<24} {state:<11} {}\n       {}\n",
        ago(at_ms),
        printable(place),
        short(why),
        short(text)
    )
}

/// Does something to each of `ids`.
async fn each<F>(queue: &str, ids: &[i64], done: &str, act: impl Fn(i64) -> F) -> anyhow::Result<Exit>
where
    F: Future<Output = Result<bool, StoreError>>,
{
    let mut exit = Exit::Ok;
    for &id in ids {
        if act(id).await? {
            eprintln!("{id}: {done}");
        } else {
            eprintln!("{id}: there is no such message; `openpista {queue} list` shows what there is");
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}
