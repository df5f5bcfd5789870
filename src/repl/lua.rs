//! Lua at the prompt.

use super::{MORE, Repl, commands::Next, editor::Read, signals::Signal};
use crate::{
    front::to_stderr,
    script::{Evaluation, Limits, Outcome},
};
use std::time::Duration;

/// How long one evaluation may take; Ctrl-C ends it before.
const EVAL_LIMIT: Duration = Duration::from_secs(60);

impl Repl {
    /// Evaluates the code of a line, which follows `prefix`; asks for more lines while it is
    /// incomplete. All of them are one entry of the history.
    pub(super) async fn lua(&mut self, prefix: &str, code: &str) -> Next {
        let mut code = code.trim().to_owned();
        let next = loop {
            if let Ok(next) = self.evaluate(&code).await {
                break next;
            }
            match self.read(MORE).await {
                Read::Line(line) => {
                    code.push('\n');
                    code.push_str(&line);
                }
                Read::Interrupted => break Next::GoOn,
                Read::Stopped => break Next::Stop,
                Read::End | Read::Unusable(..) => {
                    self.complain("the input ends in the midst of the Lua code");
                    break Next::Quit;
                }
            }
        };
        self.editor.lock().await.remember(format!("{prefix}{code}"));
        next
    }

    async fn evaluate(&mut self, code: &str) -> Result<Next, Incomplete> {
        let quiet = self.tty.as_ref().map(|tty| tty.quiet());
        let script = self.app.script();
        let Evaluation { printed, outcome } = tokio::select! {
            evaluation = script.eval(code, Limits::both(EVAL_LIMIT)) => evaluation,
            // Dropping the evaluation stops the script.
            signal = self.signals.stop(&self.app) => {
                to_stderr(&format!("{}\n", self.colour.paint("33", "interrupted")));
                self.failed = true;
                let goes_on = self.interactive && signal == Signal::Interrupt;
                return Ok(if goes_on { Next::GoOn } else { Next::Stop });
            }
        };
        drop(quiet);
        let shown = self.show(&printed);
        match outcome {
            Outcome::Incomplete => return Err(Incomplete),
            Outcome::Values(Some(values)) => return Ok(self.show(&format!("{values}\n"))),
            Outcome::Values(None) => {}
            Outcome::Error(error) => self.complain(&error.to_string()),
        }
        Ok(shown)
    }
}

/// More has to follow.
struct Incomplete;
