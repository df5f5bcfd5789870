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
            TurnEnd::Answered(_) if !cancel.is_cancelled() => {}
            TurnEnd::Cancelled | TurnEnd::Answered(_) if next == Next::GoOn && !self.interactive => {
                // Nobody reads the answers any more.
                next = Next::Quit;
            }
            _ => self.failed = true,
        }
        next
    }
}
