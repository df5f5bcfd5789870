//! `openpista backup` and `openpista restore`.

use super::Exit;
use crate::{
    app::{
        Flags, Home, block_on,
        daemon::{Files, Lock, LockError},
    },
    cron::{Clock, SystemClock, Zone, shown_time},
    front::{to_stderr, to_stdout},
    memory::{self, Contents},
};
use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};
use std::{
    fs::DirBuilder,
    io::{IsTerminal, stderr},
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    time::{Duration, Instant},
};

/// The directory for copies in the state directory, where nobody names a file.
const DIRECTORY: &str = "backups";
/// How often the progress is shown on a terminal.
const EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// Where the copy goes; a copy that is there is replaced [default: a new file in `backups` in the
    /// state directory]
    file: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The copy that `openpista backup` made
    file: PathBuf,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        let home = block_on(Home::find(flags))?;
        let target = match &self.file {
            Some(file) if file.is_dir() => file.join(name()),
            Some(file) => file.clone(),
            None => {
                let directory = home.dirs.state.join(DIRECTORY);
                let made = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
                made.with_context(|| directory.display().to_string())?;
                directory.join(name())
            }
        };
        let target = std::path::absolute(&target).with_context(|| target.display().to_string())?;
        let began = Instant::now();
        let contents = memory::backup(&home.database, &target, &mut Shown::new("backing up").step())?;
        if self.json {
            let mut told = facts(&contents, began);
            told["file"] = target.display().to_string().into();
            told["database"] = home.database.display().to_string().into();
            to_stdout(&format!("{told}\n"))?;
        } else {
            to_stdout(&format!("{}\n", target.display()))?;
            to_stderr(&format!("checked and whole: {}\n", words(&contents)));
        }
        Ok(Exit::Ok)
    }
}

impl Restore {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        let home = block_on(Home::find(flags))?;
        let files = Files::of(&home.dirs);
        files.make().with_context(|| files.pid().display().to_string())?;
        // Held throughout, so that none starts meanwhile.
        let _lock = match Lock::take(&files.pid()) {
            Ok(lock) => lock,
            Err(LockError::Held(pid)) => {
                let pid = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
                bail!("a daemon{pid} runs on this database: end it with `openpista stop`, and try again");
            }
            Err(error) => return Err(error.into()),
        };
        let began = Instant::now();
        let (contents, kept) =
            memory::restore(&home.database, &self.file, &mut Shown::new("restoring").step())?;
        if self.json {
            let mut told = facts(&contents, began);
            told["from"] = self.file.display().to_string().into();
            told["database"] = home.database.display().to_string().into();
            told["kept"] = kept.map_or(Value::Null, |kept| kept.display().to_string().into());
            to_stdout(&format!("{told}\n"))?;
            return Ok(Exit::Ok);
        }
        to_stdout(&format!("restored {}: {}\n", home.database.display(), words(&contents)))?;
        if let Some(kept) = kept {
            to_stdout(&format!("what was there is kept: {}\n", kept.display()))?;
        }
        Ok(Exit::Ok)
    }
}

/// A name for a copy that is made now.
fn name() -> String {
    let now = SystemClock::default().now_ms();
    // `2026-11-25 08:00:00 +00:00`.
    let time = shown_time(now, &Zone::UTC).unwrap_or_default();
    let stamp: String = time.chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    format!("openpista-{}Z.db", stamp.replace(' ', "T"))
}

fn facts(contents: &Contents, began: Instant) -> Value {
    let Contents { bytes, version, sessions, messages } = contents;
    json!({ "bytes": bytes, "version": version, "sessions": sessions, "messages": messages,
            "seconds": began.elapsed().as_secs_f64() })
}

fn words(contents: &Contents) -> String {
    let Contents { bytes, sessions, messages, .. } = contents;
    format!("{messages} messages in {sessions} conversations, {}", size(*bytes))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// The progress, on a terminal.
struct Shown {
    what: &'static str,
    terminal: bool,
    last: Instant,
    shown: bool,
}

impl Shown {
    fn new(what: &'static str) -> Self {
        Self { what, terminal: stderr().is_terminal(), last: Instant::now(), shown: false }
    }

    fn step(mut self) -> impl FnMut(u64, u64) {
        move |done, all| self.tell(done, all)
    }

    fn tell(&mut self, done: u64, all: u64) {
        if !self.terminal || all == 0 {
            return;
        }
        let ends = done == all;
        if ends && self.shown {
            to_stderr(&format!("\r\x1b[K{}: copied, and now it is checked\n", self.what));
        } else if !ends && self.last.elapsed() >= EVERY {
            (self.last, self.shown) = (Instant::now(), true);
            to_stderr(&format!("\r\x1b[K{}: {} %", self.what, done * 100 / all));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_time_and_sizes_are_readable() {
        let name = name();
        assert!(name.starts_with("openpista-20") && name.ends_with("Z.db") && name.len() == 29, "{name}");
        assert_eq!([size(0), size(1), size(999_999), size(1_500_000)], ["0 kB", "1 kB", "1000 kB", "1.5 MB"]);
    }
}
