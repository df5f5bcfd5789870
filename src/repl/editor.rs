//! The line editor on a thread of its own: reading a line blocks, and can't be cancelled.

use super::complete::Completer;
use rustyline::{Config, error::ReadlineError, history::DefaultHistory};
use std::{path::PathBuf, sync::mpsc, thread};
use tokio::sync::oneshot;

/// Lines that the history keeps.
const HISTORY_LINES: usize = 2_000;

/// Decides whether a line may be written to the history file.
pub(super) type Keep = Box<dyn Fn(&str) -> bool + Send>;

/// What came of reading a line.
#[derive(Debug)]
pub(super) enum Read {
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the end of the input.
    End,
}

enum Command {
    Line { prompt: String, remember: bool, answer: oneshot::Sender<Read> },
    History { path: PathBuf, keep: Keep },
    Completer(Completer),
}

/// A handle on the editor's thread.
pub(super) struct Editor {
    commands: mpsc::Sender<Command>,
}

impl Editor {
    pub(super) fn start() -> anyhow::Result<Self> {
        let (commands, inbox) = mpsc::channel();
        let config = Config::builder()
            .auto_add_history(false)
            .max_history_size(HISTORY_LINES)?
            .completion_type(rustyline::CompletionType::List)
            .build();
        let editor = rustyline::Editor::<Completer, DefaultHistory>::with_config(config)?;
        thread::Builder::new().name("line editor".into()).spawn(move || serve(editor, &inbox))?;
        Ok(Self { commands })
    }

    /// Loads and keeps the history in a file; `keep` says which lines may be written to it.
    pub(super) fn use_history(&mut self, path: PathBuf, keep: Keep) {
        // The thread lives as long as this handle.
        let _ = self.commands.send(Command::History { path, keep });
    }

    pub(super) fn use_completer(&mut self, completer: Completer) {
        let _ = self.commands.send(Command::Completer(completer));
    }

    /// Reads a line. Dropping the future does not end the reading.
    pub(super) async fn line(&mut self, prompt: &str, remember: bool) -> Read {
        let (answer, answered) = oneshot::channel();
        let command = Command::Line { prompt: prompt.to_owned(), remember, answer };
        if self.commands.send(command).is_err() {
            return Read::End;
        }
        answered.await.unwrap_or(Read::End)
    }
}

fn serve(mut editor: rustyline::Editor<Completer, DefaultHistory>, inbox: &mpsc::Receiver<Command>) {
    let mut history: Option<(PathBuf, Keep)> = None;
    while let Ok(command) = inbox.recv() {
        match command {
            Command::Completer(completer) => editor.set_helper(Some(completer)),
            Command::History { path, keep } => {
                // There is none at the first start.
                let _ = editor.load_history(&path);
                history = Some((path, keep));
            }
            Command::Line { prompt, remember, answer } => {
                let read = match editor.readline(prompt.as_str()) {
                    Ok(line) => {
                        if remember && !line.trim().is_empty() {
                            remember_line(&mut editor, &line, history.as_ref());
                        }
                        Read::Line(line)
                    }
                    Err(ReadlineError::Interrupted) => Read::Interrupted,
                    Err(ReadlineError::Eof) => Read::End,
                    Err(error) => {
                        eprintln!("openpista: input: {error}");
                        Read::End
                    }
                };
                let _ = answer.send(read);
            }
        }
    }
}

fn remember_line(
    editor: &mut rustyline::Editor<Completer, DefaultHistory>,
    line: &str,
    history: Option<&(PathBuf, Keep)>,
) {
    let Some((path, keep)) = history else { return };
    if !keep(line) || !editor.add_history_entry(line).unwrap_or(false) {
        return;
    }
    // Written at once, so that a killed program keeps it; rustyline makes the file 0600.
    if let Err(error) = editor.append_history(path) {
        tracing::warn!(%error, path = %path.display(), "the history could not be written");
    }
}
