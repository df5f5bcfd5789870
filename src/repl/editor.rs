//! Reading lines, on a thread of its own: it blocks, and can't be cancelled.

use super::{complete::Completer, notices::Above, pipe};
use crate::front::{forget_typed, to_stderr};
use rustyline::{
    Behavior, Config, ExternalPrinter as _, config::Builder, error::ReadlineError, history::DefaultHistory,
};
use std::{
    io::{IsTerminal, stdin, stdout},
    path::PathBuf,
    sync::mpsc,
    thread,
};
use tokio::sync::oneshot;

/// Lines that the history keeps.
const HISTORY_LINES: usize = 2_000;

/// Decides whether a line may be written to the history file.
pub(super) type Keep = Box<dyn Fn(&str) -> bool + Send>;

/// What came of reading a line.
#[derive(Debug, PartialEq)]
pub(super) enum Read {
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the end of the input.
    End,
    /// The program is to end.
    Stopped,
    /// Why a line is none, and whether others may follow.
    Unusable(String, bool),
}

enum Command {
    Line { prompt: &'static str, answer: oneshot::Sender<Read> },
    Ask { prompt: String, answer: oneshot::Sender<Read> },
    Remember(String),
    History { path: PathBuf, keep: Keep },
    Completer(Completer),
}

/// A handle on the thread that reads.
pub(super) struct Editor {
    commands: mpsc::Sender<Command>,
}

impl Editor {
    /// Reads from standard input, with an editor when that is a terminal. Also what prints above the
    /// line that is being edited.
    pub(super) fn start() -> anyhow::Result<(Self, Option<Above>)> {
        let (commands, inbox) = mpsc::channel();
        let thread = thread::Builder::new().name("line editor".into());
        let mut above: Option<Above> = None;
        if stdin().is_terminal() {
            let config = config().max_history_size(HISTORY_LINES)?.build();
            let mut lines = rustyline::Editor::with_config(config)?;
            // A terminal that knows no more than lines has no such thing.
            if let Ok(mut printer) = lines.create_external_printer() {
                above = Some(Box::new(move |text| printer.print(text).is_ok()));
            }
            thread.spawn(move || Desk { lines, history: None }.serve(&inbox))?;
        } else {
            thread.spawn(move || serve_pipe(&inbox))?;
        }
        Ok((Self { commands }, above))
    }

    /// Loads and keeps the history in a file; `keep` says which lines may be written to it.
    pub(super) fn use_history(&self, path: PathBuf, keep: Keep) {
        self.tell(Command::History { path, keep });
    }

    pub(super) fn use_completer(&self, completer: Completer) {
        self.tell(Command::Completer(completer));
    }

    /// Adds to the history.
    pub(super) fn remember(&self, text: String) {
        self.tell(Command::Remember(text));
    }

    /// Reads a line. Dropping the future does not end the reading.
    pub(super) async fn line(&self, prompt: &'static str) -> Read {
        self.read(|answer| Command::Line { prompt, answer }).await
    }

    /// Reads the answer to a question: what was typed before it was asked does not count.
    pub(super) async fn ask(&self, prompt: String) -> Read {
        self.read(|answer| Command::Ask { prompt, answer }).await
    }

    async fn read(&self, command: impl FnOnce(oneshot::Sender<Read>) -> Command) -> Read {
        let (answer, answered) = oneshot::channel();
        self.tell(command(answer));
        answered.await.unwrap_or(Read::End)
    }

    fn tell(&self, command: Command) {
        // The thread lives as long as this handle.
        let _ = self.commands.send(command);
    }
}

fn config() -> Builder {
    // What is piped elsewhere is the answers: the prompt stays on the terminal.
    let behavior = if stdout().is_terminal() { Behavior::Stdio } else { Behavior::PreferTerm };
    Config::builder()
        .auto_add_history(false)
        .completion_type(rustyline::CompletionType::List)
        .behavior(behavior)
}

fn serve_pipe(inbox: &mpsc::Receiver<Command>) {
    while let Ok(command) = inbox.recv() {
        match command {
            Command::Line { answer, .. } => {
                let _ = answer.send(pipe::read_line(&mut stdin().lock()));
            }
            // There is nobody to ask: the next line is no answer.
            Command::Ask { answer, .. } => {
                let _ = answer.send(Read::End);
            }
            Command::Remember(_) | Command::History { .. } | Command::Completer(_) => {}
        }
    }
}

/// The editor at a terminal.
struct Desk {
    lines: rustyline::Editor<Completer, DefaultHistory>,
    history: Option<(PathBuf, Keep)>,
}

impl Desk {
    fn serve(mut self, inbox: &mpsc::Receiver<Command>) {
        while let Ok(command) = inbox.recv() {
            match command {
                Command::Completer(completer) => self.lines.set_helper(Some(completer)),
                Command::History { path, keep } => {
                    // There is none at the first start.
                    let _ = self.lines.load_history(&path);
                    self.history = Some((path, keep));
                }
                Command::Remember(text) => self.remember(&text),
                Command::Line { prompt, answer } => {
                    let _ = answer.send(outcome(self.lines.readline(prompt)));
                }
                Command::Ask { prompt, answer } => {
                    let _ = answer.send(ask(&prompt));
                }
            }
        }
    }

    fn remember(&mut self, text: &str) {
        let Some((path, keep)) = &self.history else { return };
        if !keep(text) || !self.lines.add_history_entry(text).unwrap_or(false) {
            return;
        }
        // Written at once, so that a killed program keeps it; rustyline makes the file 0600.
        if let Err(error) = self.lines.append_history(path) {
            tracing::warn!(%error, path = %path.display(), "the history could not be written");
        }
    }
}

/// Asks with an editor of its own: the usual one may hold keys that were typed ahead, and offers
/// what was said before.
fn ask(prompt: &str) -> Read {
    forget_typed();
    let asked = rustyline::Editor::<(), DefaultHistory>::with_config(config().build());
    outcome(asked.and_then(|mut editor| editor.readline(prompt)))
}

fn outcome(read: rustyline::Result<String>) -> Read {
    match read {
        Ok(line) => Read::Line(line),
        Err(ReadlineError::Interrupted) => Read::Interrupted,
        Err(ReadlineError::Eof) => Read::End,
        Err(error) => {
            to_stderr(&format!("openpista: input: {error}\n"));
            Read::End
        }
    }
}
