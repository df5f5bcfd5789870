//! `openpista worker`: what runs in a worker's container.

use super::Exit;
use crate::{
    app,
    worker::{Boot, guest},
};
use anyhow::{Context, bail};
use clap::Args;
use std::{
    io::{IsTerminal, Read, stdin},
    sync::mpsc,
    time::Duration,
};

/// How long the word may take: an engine that dies before it says it leaves its workers without.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest word from the engine, in bytes.
const LONGEST: u64 = 16 << 10;

#[derive(Debug, Args)]
pub(super) struct Worker {}

impl Worker {
    pub(super) fn main(self) -> anyhow::Result<Exit> {
        if stdin().is_terminal() {
            bail!("worker is started by the engine, in a container of its own; by hand it is of no use");
        }
        let text = word()?;
        // What is wrong with it is not repeated: there is a token in it.
        let boot: Boot = serde_json::from_str(&text)
            .map_err(|_| anyhow::anyhow!("standard input holds no word from the engine"))?;
        app::block_on(async { Ok(guest::work(boot).await?) })?;
        Ok(Exit::Ok)
    }
}

/// What the engine says.
fn word() -> anyhow::Result<String> {
    let (heard, hear) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdin().take(LONGEST).read_to_string(&mut text);
        let _ = heard.send(read.map(|_| text));
    });
    let read = hear.recv_timeout(PATIENCE);
    read.map_err(|_| anyhow::anyhow!("the engine says nothing"))?.context("standard input")
}
