//! Whether a command does its work by itself, or has a daemon that runs do it.

use crate::app::{
    Flags,
    daemon::{Difference, Nearby, Running},
};
use anyhow::bail;
use clap::Args;

/// Flags that decide about it.
#[derive(Debug, Args)]
pub(super) struct RouteArgs {
    /// Do without the daemon, even where one runs
    #[arg(long, conflicts_with = "attach")]
    local: bool,
    /// Have the daemon do it, whatever configuration and directory it works with; fail where none
    /// runs
    #[arg(long)]
    attach: bool,
}

/// Who does the work.
pub(super) enum Route {
    /// This program. A daemon runs that would do it otherwise.
    Local(Option<Running>),
    /// A daemon.
    Daemon(Box<Nearby>, Running),
}

impl RouteArgs {
    /// Decides. A daemon is used where it does the same that this program would do by itself.
    ///
    /// `anywhere`: also where its tools work in another directory.
    pub(super) fn route(&self, flags: &Flags, anywhere: bool) -> anyhow::Result<Route> {
        if self.local {
            return Ok(Route::Local(None));
        }
        let nearby = Nearby::here()?;
        match nearby.running(flags)? {
            None if self.attach => bail!("no daemon runs here; `openpista start` starts one"),
            None => Ok(Route::Local(None)),
            Some(running) => {
                let fits = match &running.difference {
                    None => true,
                    Some(Difference::Workspace(_)) => anywhere || self.attach,
                    Some(_) => self.attach,
                };
                Ok(if fits { Route::Daemon(Box::new(nearby), running) } else { Route::Local(Some(running)) })
            }
        }
    }

    /// Whether nothing but the daemon will do.
    pub(super) fn insists(&self) -> bool {
        self.attach
    }
}
