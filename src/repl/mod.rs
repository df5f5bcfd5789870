//! The interactive front: text goes to the agent, `=expr` and `/lua` to the live Lua engine.

mod approve;
mod commands;
mod complete;
mod editor;
mod lua;
mod turn;

use crate::{
    app::{App, Flags},
    domain::store::Session,
    front::{Colour, ago, tail},
};
use approve::AskInEditor;
use commands::Next;
use complete::Completer;
use editor::{Editor, Read};
use std::{io::IsTerminal, sync::Arc};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

const PROMPT: &str = "› ";
const MORE: &str = "… ";

/// A REPL at work.
struct Repl {
    app: App,
    editor: Arc<Mutex<Editor>>,
    /// The turn under way; a fresh token when there is none.
    cancel: Arc<std::sync::Mutex<CancellationToken>>,
    session: Session,
    model: Option<String>,
    colour: Colour,
    approver: Arc<AskInEditor>,
}

/// Runs until `/quit` or the end of the input.
pub async fn main(flags: Flags, session: Option<String>) -> anyhow::Result<()> {
    let editor = Arc::new(Mutex::new(Editor::start()?));
    let cancel = Arc::new(std::sync::Mutex::new(CancellationToken::new()));
    let approver = Arc::new(AskInEditor::new(editor.clone(), cancel.clone()));
    let app = App::start(flags, approver.clone()).await?;
    {
        let mut editor = editor.lock().await;
        editor.use_history(app.history_file(), app.secret_free());
        editor.use_completer(Completer::new(app.script(), app.runtime()));
    }
    let session = match session {
        Some(wanted) => app.session_called(&wanted, "repl").await?,
        None => match app.memory()?.latest_session("repl").await? {
            Some(session) => session,
            None => app.new_session("repl", None).await?,
        },
    };
    let mut repl = Repl { app, editor, cancel, session, model: None, colour: Colour::stderr(), approver };
    repl.greet();
    repl.serve().await?;
    repl.app.close().await;
    Ok(())
}

impl Repl {
    fn greet(&self) {
        if !std::io::stdin().is_terminal() {
            return;
        }
        let version = env!("CARGO_PKG_VERSION");
        eprintln!(
            "openpista {version}, model {}. /help lists commands, =1+1 evaluates Lua.",
            self.model_name()
        );
        let Session { id, messages, touched_ms, .. } = &self.session;
        if *messages > 0 {
            let line = format!(
                "session {}: {messages} messages, {}. /new begins a fresh one.",
                tail(id.as_str()),
                ago(*touched_ms)
            );
            eprintln!("{}", self.colour.paint("2", &line));
        }
    }

    async fn serve(&mut self) -> anyhow::Result<()> {
        loop {
            let read = self.editor.lock().await.line(PROMPT, true).await;
            let line = match read {
                Read::Line(line) => line,
                Read::Interrupted => continue,
                Read::End => return Ok(()),
            };
            let line = line.trim();
            let next = if line.is_empty() {
                Next::GoOn
            } else if let Some(code) = line.strip_prefix('=') {
                self.evaluate(code.trim().to_owned()).await
            } else if line.starts_with('/') {
                self.command(line).await
            } else {
                self.say(line.to_owned()).await;
                Next::GoOn
            };
            if next == Next::Quit {
                return Ok(());
            }
        }
    }

    fn model_name(&self) -> String {
        self.model.clone().unwrap_or_else(|| self.app.model_of(&self.session))
    }
}
