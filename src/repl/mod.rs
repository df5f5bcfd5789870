//! The interactive front: text goes to the agent, `=expr` and `/lua` to the live Lua engine.

mod approve;
mod attached;
mod commands;
mod complete;
mod editor;
mod engine;
mod lua;
mod notices;
mod pipe;
mod signals;
mod tty;
mod turn;

use crate::{
    app::{App, Flags, Told, daemon::Nearby},
    domain::store::Session,
    front::{Colour, ago, tail, to_stderr, to_stdout},
    telemetry,
    watch::SETTLE,
};
pub use attached::{Attach, Yes, attached};

use approve::AskInEditor;
use commands::Next;
use complete::Completer;
use editor::{Editor, Read};
use engine::{Engine, Local};
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
    engine: Arc<dyn Engine>,
    editor: Arc<Mutex<Editor>>,
    approver: Arc<AskInEditor>,
    notices: Notices,
    signals: Signals,
    tty: Option<Tty>,
    /// A person sits at a terminal.
    interactive: bool,
    session: Session,
    model: Option<String>,
    /// What was said here last, until it is answered.
    unanswered: Option<String>,
    colour: Colour,
    /// A turn or some Lua failed.
    failed: bool,
}

/// The way to the person, before there is an engine.
struct Front {
    editor: Arc<Mutex<Editor>>,
    approver: Arc<AskInEditor>,
    notices: Notices,
}

impl Front {
    fn start() -> anyhow::Result<Self> {
        let (editor, above) = Editor::start()?;
        let editor = Arc::new(Mutex::new(editor));
        let approver = Arc::new(AskInEditor::new(editor.clone()));
        Ok(Self { editor, approver, notices: Notices::start(above)? })
    }

    /// Prints lines of the log where they spoil nothing, as long as what is returned is kept.
    fn log(&self) -> Option<Diverted> {
        (std::io::stdin().is_terminal() && std::io::stderr().is_terminal()).then(|| {
            telemetry::divert(Some(self.notices.log()));
            Diverted(self.notices.clone())
        })
    }

    async fn talk(self, engine: Arc<dyn Engine>, session: Session, signals: Signals) -> End {
        let Self { editor, approver, notices } = self;
        editor.lock().await.use_completer(Completer::new(engine.clone()));
        let mut repl = Repl {
            engine,
            editor,
            approver,
            notices,
            signals,
            tty: Tty::of_stdin(),
            interactive: std::io::stdin().is_terminal(),
            session,
            model: None,
            unanswered: None,
            colour: Colour::stderr(),
            failed: false,
        };
        repl.greet().await;
        repl.serve().await
    }
}

/// The log goes elsewhere than to standard error.
struct Diverted(Notices);

impl Drop for Diverted {
    fn drop(&mut self) {
        telemetry::divert(None);
        self.0.settle();
    }
}

/// Runs on an engine of its own, until `/quit` or the end of the input. Without a terminal it takes
/// the lines that are piped in, and ends at the first Ctrl-C.
pub async fn main(flags: Flags, session: Option<String>) -> anyhow::Result<End> {
    let mut signals = Signals::listen()?;
    let front = Front::start()?;
    let _diverted = front.log();
    let started = tokio::select! {
        started = start(&front, flags, session) => started?,
        _ = signals.next() => return Ok(End::Stopped),
    };
    let (app, session) = started;
    match Nearby::here()?.pid() {
        None => app.serve().await,
        Some(pid) => {
            app.stay();
            if app.runs_by_itself() {
                let who = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
                to_stderr(&format!("channels and jobs stay with the daemon{who}; none run here\n"));
            }
        }
    }
    let watching = app.watch(SETTLE);
    let end = front.talk(Arc::new(Local(app.clone())), session, signals).await;
    drop(watching);
    app.close().await;
    Ok(end)
}

async fn start(front: &Front, flags: Flags, session: Option<String>) -> anyhow::Result<(App, Session)> {
    let told = Told { notice: Some(front.notices.sink()), complaint: None };
    let app = App::start_staying(flags, front.approver.clone(), told).await?;
    front.editor.lock().await.use_history(app.history_file(), app.secret_free());
    let session = Local(app.clone()).open(session.as_deref()).await?;
    Ok((app, session))
}

impl Repl {
    async fn greet(&self) {
        if !self.interactive {
            return;
        }
        let greeting = self.engine.greeting();
        match self.engine.model(&self.session, None).await {
            Ok(model) => to_stderr(&format!("{greeting}, model {model}\n")),
            Err(_) => to_stderr(&format!("{greeting}\n")),
        }
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
        let line = commands::meant(line);
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
                    Signal::Reload => self.engine.reload_and_tell().await,
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
}
