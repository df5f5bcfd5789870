//! Lua at the prompt.

use super::{MORE, Repl, commands::Next, editor::Read};
use crate::script::Evaluated;

impl Repl {
    /// Evaluates `code` in the live engine; asks for more lines while it is incomplete.
    pub(super) async fn evaluate(&mut self, mut code: String) -> Next {
        loop {
            let evaluation = self.app.script().eval(code.clone());
            tokio::pin!(evaluation);
            let evaluated = tokio::select! {
                evaluated = &mut evaluation => evaluated,
                () = crate::app::interrupted() => {
                    eprintln!("interrupted");
                    return Next::GoOn;
                }
            };
            match evaluated {
                Evaluated::Incomplete => match self.editor.lock().await.line(MORE, true).await {
                    Read::Line(line) => {
                        code.push('\n');
                        code.push_str(&line);
                    }
                    Read::Interrupted => return Next::GoOn,
                    Read::End => return Next::Quit,
                },
                Evaluated::Done { printed, value } => {
                    print!("{printed}");
                    if !value.is_empty() {
                        println!("{value}");
                    }
                    return Next::GoOn;
                }
                Evaluated::Error { printed, message } => {
                    print!("{printed}");
                    eprintln!("{}", self.colour.paint("31", &message));
                    return Next::GoOn;
                }
            }
        }
    }
}
