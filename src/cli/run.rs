//! `openpista run -e TEXT`.

use super::{
    Exit, TurnArgs, input,
    route::{Route, RouteArgs},
    through::{Shown, link},
};
use crate::{
    app::{App, Flags, InLine, block_on},
    domain::{
        approval::{Approver, Nobody},
        envelope::Envelope,
        event::Observer,
        outcome::TurnEnd,
        store::Session,
    },
    front::{AskOnTerminal, JsonLines, Live, Output, Plain, is_drawable, to_stderr},
    gateway::Delivery,
    repl::Yes,
};
use anyhow::bail;
use clap::Args;
use std::{io::IsTerminal, sync::Arc};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
pub(super) struct Run {
    /// The message; - stands for standard input. May be given several times: the parts are joined,
    /// with empty lines between them. What is piped in comes last, where no - says otherwise
    #[arg(short = 'e', long = "execute", value_name = "TEXT", allow_hyphen_values = true)]
    execute: Vec<String>,
    /// The message, like -e; words are joined by blanks
    #[arg(value_name = "TEXT", conflicts_with = "execute")]
    text: Vec<String>,
    /// Go on with this session (a name or an id), or begin one of this name [default: a new one]
    #[arg(long, value_name = "SESSION")]
    pub(super) session: Option<String>,
    /// Print each event as a line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) turn: TurnArgs,
    #[command(flatten)]
    route: RouteArgs,
}

/// How the turn is shown, and who is asked.
struct Front {
    observer: Arc<dyn Observer>,
    /// `None`: nobody can be asked.
    approver: Option<Arc<dyn Approver>>,
}

impl Front {
    /// Must be called on the runtime.
    fn new(json: bool, output: &Output) -> Self {
        let live = (is_drawable() && !json).then(|| Live::start(output.clone()));
        let observer: Arc<dyn Observer> = match &live {
            Some(live) => live.clone(),
            None if json => Arc::new(JsonLines::new(output.clone())),
            None => Plain::start(output.clone()),
        };
        let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let approver: Option<Arc<dyn Approver>> = match asks {
            true => Some(Arc::new(AskOnTerminal::new(live))),
            false => None,
        };
        Self { observer, approver }
    }
}

impl Run {
    pub(super) fn main(self, mut flags: Flags) -> anyhow::Result<Exit> {
        let parts = if self.execute.is_empty() { input::joined(&self.text) } else { self.execute.clone() };
        let text = match input::message(&parts) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("openpista run: {error}");
                return Ok(Exit::Usage);
            }
        };
        let route = self.route.route(&flags, false)?;
        self.turn.add_to(&mut flags);
        block_on(async {
            if let Route::Daemon(nearby, running) = route {
                match link(&nearby).await {
                    Ok(link) => return self.through(link, text, self.shown()).await,
                    Err(error) if self.route.insists() => return Err(error.into()),
                    Err(error) => {
                        eprintln!("note: done without the daemon (pid {}): {error}", running.pid);
                    }
                }
            }
            self.answer(flags, text).await
        })
    }

    /// How a daemon's turn is shown, and who is asked. Must be called on the runtime.
    fn shown(&self) -> Shown {
        let cancel = CancellationToken::new();
        let output = Output::new(cancel.clone());
        let Front { observer, approver } = Front::new(self.json, &output);
        let approver =
            if self.turn.yes { Some(Arc::new(Yes(approver)) as Arc<dyn Approver>) } else { approver };
        Shown { observer, approver, output, cancel }
    }

    async fn answer(&self, flags: Flags, text: String) -> anyhow::Result<Exit> {
        let cancel = CancellationToken::new();
        let output = Output::new(cancel.clone());
        let front = Front::new(self.json, &output);
        let app = App::start(flags, front.approver.unwrap_or_else(|| Arc::new(Nobody))).await?;
        let session = self.session(&app).await?;
        let envelope = Envelope { origin: app.origin("cli"), agent: app.agent_of(&session), text };
        let interrupted = stop_on_signals(cancel.clone());
        let _line = match self.line(&app, &session, &cancel).await {
            Ok(line) => line,
            Err(error) => {
                app.close().await;
                return if interrupted.is_cancelled() { Ok(Exit::Interrupted) } else { Err(error) };
            }
        };
        let delivery = Delivery {
            envelope,
            session: session.id,
            model: None,
            depth: 0,
            observer: front.observer,
            cancel: cancel.clone(),
        };
        let outcome = app.gateway().submit(delivery).await;
        app.close().await;
        Ok(match outcome.end {
            _ if output.lost() => Exit::Failed,
            end => exit(&end, interrupted.is_cancelled()),
        })
    }

    /// A place in the line of those who speak in the session; in a fresh one there is nobody else.
    async fn line(
        &self,
        app: &App,
        session: &Session,
        cancel: &CancellationToken,
    ) -> anyhow::Result<Option<InLine>> {
        if self.session.is_none() {
            return Ok(None);
        }
        let tell = |text: &str| to_stderr(&format!("note: {text}\n"));
        tokio::select! {
            line = app.stand_in_line(&session.id, tell) => line.map(Some),
            () = cancel.cancelled() => bail!("interrupted"),
        }
    }

    async fn session(&self, app: &App) -> anyhow::Result<Session> {
        match &self.session {
            None => app.new_session("cli", None).await,
            Some(wanted) => app.session_called(wanted, "cli").await,
        }
    }
}

/// How a turn ended, as scripts see it.
pub(super) fn exit(end: &TurnEnd, interrupted: bool) -> Exit {
    match end {
        TurnEnd::Answered(_) => Exit::Ok,
        TurnEnd::Cancelled if interrupted => Exit::Interrupted,
        // Whoever read the output has seen enough.
        TurnEnd::Cancelled => Exit::Ok,
        TurnEnd::Failed { kind: "config", .. } => Exit::Config,
        TurnEnd::Failed { .. } => Exit::Failed,
    }
}

/// Ctrl-C and SIGTERM stop the turn, which then closes properly; the token tells that they did.
pub(super) fn stop_on_signals(cancel: CancellationToken) -> CancellationToken {
    let interrupted = CancellationToken::new();
    let heard = interrupted.clone();
    tokio::spawn(async move {
        crate::app::interrupted().await;
        heard.cancel();
        cancel.cancel();
    });
    interrupted
}
