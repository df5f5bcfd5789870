//! The daemon of this user on this machine, as a place to connect to.

use super::{Difference, Files, holder};
use crate::{
    app::{ConfigError, Flags},
    attach::{Found, LinkError, Whereabouts},
    config::{Dirs, Environment, locate},
    domain::{BoxFuture, causes::causes},
};
use anyhow::Context;
use std::{fs::File, net::SocketAddr, path::PathBuf};

/// Where it is told of.
#[derive(Clone, Debug)]
pub struct Nearby {
    files: Files,
    dirs: Dirs,
    environment: Environment,
}

/// A daemon that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// What it would do otherwise than the command by itself.
    pub difference: Option<Difference>,
    /// Where the history of prompts is kept, if it says so.
    pub history: Option<PathBuf>,
}

impl Nearby {
    /// Where this user's daemon would be.
    ///
    /// # Errors
    /// When there is no home.
    pub fn here() -> anyhow::Result<Self> {
        let environment = Environment::of_process();
        let current = std::env::current_dir().context("the current directory can't be read")?;
        let dirs = Dirs::find(&environment, current).map_err(ConfigError::new)?;
        Ok(Self { files: Files::of(&dirs), dirs, environment })
    }

    /// The daemon, if one runs and listens; compared to a command with these flags.
    ///
    /// # Errors
    /// When its files cannot be read, or the command's own configuration cannot be found.
    pub fn running(&self, flags: &Flags) -> anyhow::Result<Option<Running>> {
        if holder(&self.files.pid()).is_none() {
            return Ok(None);
        }
        let Some(card) = self.files.read()? else { return Ok(None) };
        let located =
            locate(flags.config.as_deref(), &self.environment, &self.dirs).map_err(ConfigError::new)?;
        let difference =
            card.mark.as_ref().and_then(|mark| mark.difference(&located, &self.dirs, &self.environment));
        let history = card.mark.map(|mark| mark.history);
        Ok(Some(Running { pid: card.pid, difference, history }))
    }

    /// The process of a daemon that runs, if one does: `Some(None)` where it has not said which.
    pub fn pid(&self) -> Option<Option<u32>> {
        holder(&self.files.pid())
    }

    /// The address that devices find the daemon at; `None` where it listens on none.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn address(&self) -> anyhow::Result<Option<SocketAddr>> {
        Ok(self.files.read()?.and_then(|card| card.address))
    }

    /// The directories of this user.
    pub fn dirs(&self) -> &Dirs {
        &self.dirs
    }

    fn look(&self) -> anyhow::Result<Option<Found>> {
        if holder(&self.files.pid()).is_none() {
            return Ok(None);
        }
        let Some(card) = self.files.read()? else { return Ok(None) };
        let (target, token) = self.files.way(&card)?;
        Ok(Some(Found { target, token, pid: Some(card.pid) }))
    }
}

impl Whereabouts for Nearby {
    fn name(&self) -> String {
        "the daemon".into()
    }

    fn lock(&self) -> Option<File> {
        // A daemon that follows makes another file.
        File::open(self.files.pid()).ok()
    }

    fn find(&self) -> BoxFuture<'_, Result<Found, LinkError>> {
        let found = self.look().map_err(|error| LinkError::Nowhere(causes(error.as_ref())));
        let nobody = || LinkError::Nowhere("no daemon runs here; `openpista start` starts one".into());
        Box::pin(std::future::ready(found.and_then(|found| found.ok_or_else(nobody))))
    }
}
