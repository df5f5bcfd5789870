//! Lua at the prompt.

use super::{MORE, Repl, commands::Next, editor::Read};
use crate::script::{Limits, Outcome};
use std::time::Duration;

/// How long one evaluation may take; Ctrl-C ends it before.
const EVAL_LIMIT: Duration = Duration::from_secs(60);

impl Repl {
    /// Evaluates `code` in the live engine; asks for more lines while it is incomplete.
    pub(super) async fn evaluate(&mut self, mut code: String) -> Next {
        let script = self.app.script();
        loop {
            let evaluation = script.eval(code.clone(), Limits::both(EVAL_LIMIT));
            tokio::pin!(evaluation);
            let evaluated = tokio::select! {
                evaluated = &mut evaluation => evaluated,
                () = crate::app::interrupted() => {
                    eprintln!("interrupted");
                    return Next::GoOn;
                }
            };
            print!("{}", evaluated.printed);
            match evaluated.outcome {
                Outcome::Incomplete => match self.editor.lock().await.line(MORE, true).await {
                    Read::Line(line) => {
                        code.push('\n');
                        code.push_str(&line);
                    }
                    Read::Interrupted => return Next::GoOn,
                    Read::End => return Next::Quit,
                },
                Outcome::Values(values) => {
                    if let Some(values) = values {
                        println!("{values}");
                    }
                    return Next::GoOn;
                }
                Outcome::Error(error) => {
                    eprintln!("{}", self.colour.paint("31", &error.to_string()));
                    return Next::GoOn;
                }
            }
        }
    }
}
