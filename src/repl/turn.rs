//! One message to the agent.

use super::{Repl, commands::Next, engine::Said, signals::Signal};
use crate::{
    domain::{event::Observer, outcome::TurnEnd},
    front::{Live, Output, Plain, is_drawable},
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

impl Repl {
    /// Has `text` answered. Ctrl-C stops the turn; at a terminal, the REPL goes on.
    pub(super) async fn say(&mut self, text: String) -> Next {
        self.unanswered = Some(text.clone());
        self.turn(text, false).await
    }

    /// Has the last message answered that was not.
    pub(super) async fn retry(&mut self) -> Next {
        match self.unanswered.clone() {
            Some(text) => self.turn(text, false).await,
            // One of an earlier time, if there is one.
            None => self.turn(String::new(), true).await,
        }
    }

    async fn turn(&mut self, text: String, again: bool) -> Next {
        let cancel = CancellationToken::new();
        let output = Output::new(cancel.clone());
        let live = is_drawable().then(|| Live::start(output.clone()));
        self.approver.serve(cancel.clone(), live.clone());
        self.notices.serve(live.clone());
        let observer: Arc<dyn Observer> = match live {
            Some(live) => live,
            None => Plain::start(output),
        };
        let said = Said {
            text,
            again,
            session: self.session.clone(),
            model: self.model.clone(),
            observer,
            cancel: cancel.clone(),
        };
        let _quiet = self.tty.as_ref().map(|tty| tty.quiet());
        let mut turn = self.engine.say(said);
        let mut next = Next::GoOn;
        let end = loop {
            tokio::select! {
                end = &mut turn => break end,
                signal = self.signals.next() => {
                    if signal == Signal::Reload {
                        let engine = self.engine.clone();
                        tokio::spawn(async move { engine.reload_and_tell().await });
                        continue;
                    }
                    cancel.cancel();
                    if signal == Signal::End || !self.interactive {
                        next = Next::Stop;
                    }
                }
            }
        };
        drop(turn);
        self.approver.serve(CancellationToken::new(), None);
        self.notices.serve(None);
        match end {
            TurnEnd::Answered(_) if !cancel.is_cancelled() => self.unanswered = None,
            TurnEnd::Cancelled | TurnEnd::Answered(_) if next == Next::GoOn && !self.interactive => {
                // Nobody reads the answers any more.
                next = Next::Quit;
            }
            _ => self.failed = true,
        }
        next
    }
}
