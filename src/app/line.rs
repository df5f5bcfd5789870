//! Programs that speak in one conversation stand in line: one turn at a time.

use super::{
    App,
    daemon::{Lock, LockError},
};
use crate::domain::id::SessionId;
use anyhow::{Context, bail};
use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    time::{Duration, Instant},
};

/// How often a conversation that another program answers in is looked at again.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// From the beginning of the wait until the person is told of it.
const TOLD_AFTER: Duration = Duration::from_secs(1);
/// The longest wait for other programs.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Processes above this one that are looked at.
const ANCESTORS: usize = 64;

/// A place at the head of the line, as long as it is kept.
#[derive(Debug)]
pub struct InLine {
    _lock: Lock,
}

impl App {
    /// Waits until no other program answers in a conversation. `tell` is told when that takes a while.
    /// Dropping the future gives the place up.
    ///
    /// # Errors
    /// When it takes too long, or would never end: a command that the conversation's own turn runs.
    pub async fn stand_in_line(&self, session: &SessionId, tell: impl Fn(&str)) -> anyhow::Result<InLine> {
        let path = self.line_of(session)?;
        let began = Instant::now();
        let mut told = false;
        loop {
            let busy = match Lock::take(&path) {
                Ok(lock) => match self.memory().answering(session).await? {
                    None => return Ok(InLine { _lock: lock }),
                    Some(pid) => Some(pid),
                },
                Err(LockError::Held(pid)) => pid,
                Err(error) => return Err(error.into()),
            };
            let who = busy.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
            if busy.is_some_and(runs_us) {
                bail!("session {session} is busy: this command is part of its turn ({who})");
            }
            if began.elapsed() > LONGEST_WAIT {
                bail!("session {session} is busy: {who} is answering in it");
            }
            if !told && began.elapsed() > TOLD_AFTER {
                told = true;
                tell(&format!("waiting: {who} is answering in session {session}"));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn line_of(&self, session: &SessionId) -> anyhow::Result<PathBuf> {
        // Beside the database: whoever shares it shares the line.
        let dir = self.memory().path().with_file_name("run");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        made.with_context(|| format!("{} can't be made", dir.display()))?;
        Ok(dir.join(format!("{session}.line")))
    }
}

/// Whether a process is one that this one was started by, directly or not.
fn runs_us(pid: u32) -> bool {
    let mut above = std::os::unix::process::parent_id();
    for _ in 0..ANCESTORS {
        match above {
            0 | 1 => return false,
            found if found == pid => return true,
            found => match parent(found) {
                Some(next) => above = next,
                None => return false,
            },
        }
    }
    false
}

/// The parent of a process, where the system tells.
fn parent(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_started_us_is_known() {
        assert!(runs_us(std::os::unix::process::parent_id()));
        assert!(!runs_us(std::process::id()), "nobody starts itself");
        if let Some(above) = parent(std::os::unix::process::parent_id()).filter(|pid| *pid > 1) {
            assert!(runs_us(above));
        }
    }
}
