//! Notifications on the desktop of whoever sits at this machine.

use crate::{
    domain::{BoxFuture, primitives::Desktop},
    sandbox::{
        Exit, Keep, Limits,
        process::{Command, SCREEN, environment, run},
    },
    script::Sink,
};
use std::{path::PathBuf, time::Duration};

/// How long the program that shows it may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What macOS runs: the words come as arguments, so that nothing in them is code.
const APPLE: &str =
    "on run words\ndisplay notification (item 2 of words) with title (item 1 of words)\nend run";

/// Shows by the desktop's own program, else at the terminal.
pub(super) struct DesktopHere {
    pub(super) notice: Option<Sink>,
    /// Where the program is started.
    pub(super) dir: PathBuf,
}

impl DesktopHere {
    /// Whether the desktop took it.
    async fn show(&self, title: &str, text: &str) -> bool {
        let words: Vec<&str> = if cfg!(target_os = "macos") {
            vec!["osascript", "-e", APPLE, title, text]
        } else {
            vec!["notify-send", "--app-name=openpista", "--", title, text]
        };
        let argv = words.into_iter().map(str::to_owned).collect();
        let env = environment(&SCREEN.map(str::to_owned));
        let command = Command { argv, cwd: self.dir.clone(), env, stdin: None };
        let limits = Limits { timeout: PATIENCE, spill_bytes: 0, ..Limits::default() };
        // Without room for them, no outputs are kept.
        let keep = Keep { dir: PathBuf::new(), filter: None };
        matches!(run(command, &limits, &keep).await, Ok(outcome) if outcome.exit == Exit::Done)
    }
}

impl Desktop for DesktopHere {
    fn notify<'a>(&'a self, title: &'a str, text: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            if self.show(title, text).await {
                return true;
            }
            if let Some(notice) = &self.notice {
                notice(&format!("{title}: {text}"));
            }
            self.notice.is_some()
        })
    }
}
