//! Lua at the prompt.

use super::{
    MORE, Repl,
    commands::Next,
    editor::Read,
    engine::{Ended, Evaluated},
    signals::Signal,
};
use crate::front::to_stderr;

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
        let Evaluated { printed, ended } = tokio::select! {
            evaluated = self.engine.evaluate(code) => evaluated,
            // Dropping the evaluation stops the script.
            signal = self.signals.stop(&*self.engine) => {
                to_stderr(&format!("{}\n", self.colour.paint("33", "interrupted")));
                self.failed = true;
                let goes_on = self.interactive && signal == Signal::Interrupt;
                return Ok(if goes_on { Next::GoOn } else { Next::Stop });
            }
        };
        drop(quiet);
        let shown = self.show(&printed);
        match ended {
            Ended::Incomplete => return Err(Incomplete),
            Ended::Values(Some(values)) => return Ok(self.show(&format!("{values}\n"))),
            Ended::Values(None) => {}
            Ended::Error(error) => self.complain(&error),
        }
        Ok(shown)
    }
}

/// More has to follow.
struct Incomplete;
