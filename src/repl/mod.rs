//! The interactive front: text goes to the agent, `=expr` and `/lua` to the live Lua engine.

mod approve;
mod commands;
mod complete;
mod editor;
mod lua;
mod notices;
mod pipe;
mod signals;
mod tty;
mod turn;

use crate::{
    app::{App, Cause, Flags},
    domain::store::Session,
    front::{Colour, ago, tail, to_stderr, to_stdout},
    watch::SETTLE,
};
use approve::AskInEditor;
use commands::Next;
use complete::Completer;
use editor::{Editor, Read};
use notices::Notices;
use signals::{Signal, Signals};
use std::{io::IsTerminal, sync::Arc};
use tokio::sync::Mutex;
use tty::Tty;

const PROMPT: &str = "› ";
const MORE: &str = "… ";

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The person left, or all of the input was taken.
    Left,
    /// All of the piped input was taken, and something in it failed.
    Failed,
    /// A signal ended it.
    Stopped,
}

/// A REPL at work.
struct Repl {
    app: App,
    editor: Arc<Mutex<Editor>>,
    approver: Arc<AskInEditor>,
    notices: Notices,
    signals: Signals,
    tty: Option<Tty>,
    /// A person sits at a terminal.
    interactive: bool,
    session: Session,
    model: Option<String>,
    colour: Colour,
    /// A turn or some Lua failed.
    failed: bool,
}

/// Runs until `/quit` or the end of the input. Without a terminal it takes the lines that are
/// piped in, and ends at the first Ctrl-C.
pub async fn main(flags: Flags, session: Option<String>) -> anyhow::Result<End> {
    let mut signals = Signals::listen()?;
    let started = tokio::select! {
        started = start(flags, session) => started?,
        _ = signals.next() => return Ok(End::Stopped),
    };
    let (app, session, editor, approver, notices) = started;
    let mut repl = Repl {
        app,
        editor,
        approver,
        notices,
        signals,
        tty: Tty::of_stdin(),
        interactive: std::io::stdin().is_terminal(),
        session,
        model: None,
        colour: Colour::stderr(),
        failed: false,
    };
    repl.app.serve().await;
    let watching = repl.app.watch(SETTLE);
    repl.greet();
    let end = repl.serve().await;
    drop(watching);
    repl.app.close().await;
    Ok(end)
}

type Started = (App, Session, Arc<Mutex<Editor>>, Arc<AskInEditor>, Notices);

async fn start(flags: Flags, session: Option<String>) -> anyhow::Result<Started> {
    let (editor, above) = Editor::start()?;
    let editor = Arc::new(Mutex::new(editor));
    let approver = Arc::new(AskInEditor::new(editor.clone()));
    let notices = Notices::start(above)?;
    let app = App::start_staying(flags, approver.clone(), Some(notices.sink())).await?;
    {
        let editor = editor.lock().await;
        editor.use_history(app.history_file(), app.secret_free());
        editor.use_completer(
            Completer::new(app.live_script(), app.runtime()).with_commands(app.command_names()),
        );
    }
    let session = match session {
        Some(wanted) => app.session_called(&wanted, "repl").await?,
        None => match app.memory().latest_session("repl").await? {
            Some(session) => session,
            None => app.new_session("repl", None).await?,
        },
    };
    Ok((app, session, editor, approver, notices))
}

impl Repl {
    fn greet(&self) {
        if !self.interactive {
            return;
        }
        let version = env!("CARGO_PKG_VERSION");
        let model = self.app.resolved(&self.model_name());
        to_stderr(&format!("openpista {version}, model {model}\n"));
        let mut hint = "/help lists commands, =1+1 evaluates Lua".to_owned();
        let Session { id, messages, touched_ms, .. } = &self.session;
        if *messages > 0 {
            let (id, ago) = (tail(id.as_str()), ago(*touched_ms));
            hint = format!("session {id}: {messages} messages, {ago}; /new begins a fresh one\n{hint}");
        }
        for line in hint.lines() {
            to_stderr(&format!("{}\n", self.colour.paint("2", line)));
        }
    }

    async fn serve(&mut self) -> End {
        loop {
            let next = match self.read(PROMPT).await {
                Read::Line(line) => self.take(line.trim()).await,
                Read::Unusable(why, more) => {
                    self.complain(&why);
                    if more { Next::GoOn } else { Next::Quit }
                }
                Read::Interrupted => Next::GoOn,
                Read::End => Next::Quit,
                Read::Stopped => Next::Stop,
            };
            match next {
                Next::GoOn => {}
                Next::Quit if self.failed && !self.interactive => return End::Failed,
                Next::Quit => return End::Left,
                Next::Stop => return End::Stopped,
            }
        }
    }

    async fn take(&mut self, line: &str) -> Next {
        if line.is_empty() {
            return Next::GoOn;
        }
        if let Some(code) = line.strip_prefix('=') {
            return self.lua("=", code).await;
        }
        if let Some(code) = line.strip_prefix("/lua").filter(|code| code.starts_with(char::is_whitespace)) {
            return self.lua("/lua ", code).await;
        }
        self.editor.lock().await.remember(line.to_owned());
        if commands::is_command(line) { self.command(line).await } else { self.say(line.to_owned()).await }
    }

    /// Reads a line. A signal that ends the program ends the waiting too.
    async fn read(&mut self, prompt: &'static str) -> Read {
        let editor = self.editor.lock().await;
        let reading = editor.line(prompt);
        tokio::pin!(reading);
        loop {
            tokio::select! {
                read = &mut reading => return read,
                signal = self.signals.next() => match signal {
                    Signal::Reload => self.app.reload_and_tell(Cause::Signal).await,
                    Signal::Interrupt if self.interactive => {}
                    Signal::Interrupt | Signal::End => return Read::Stopped,
                }
            }
        }
    }

    /// Prints what was asked for. When nobody reads it, there is no reason to go on.
    fn show(&self, text: &str) -> Next {
        if to_stdout(text).is_ok() { Next::GoOn } else { Next::Quit }
    }

    /// Prints what went wrong.
    fn complain(&mut self, text: &str) {
        self.failed = true;
        to_stderr(&format!("{}\n", self.colour.paint("31", text)));
    }

    fn model_name(&self) -> String {
        self.model.clone().unwrap_or_else(|| self.app.model_of(&self.session))
    }
}
