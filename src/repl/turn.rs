//! One message to the agent.

use super::{Repl, commands::Next, signals::Signal};
use crate::{
    app::Cause,
    domain::{envelope::Envelope, event::Observer, outcome::TurnEnd},
    front::{Live, Output, Plain, is_drawable},
    gateway::Delivery,
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
            None => Arc::new(Plain::new(output)),
        };
        let delivery = Delivery {
            envelope: Envelope {
                origin: self.app.origin("repl"),
                agent: self.app.agent_of(&self.session),
                text,
            },
            session: self.session.id.clone(),
            model: self.model.clone(),
            depth: 0,
            observer,
            cancel: cancel.clone(),
        };
        let _quiet = self.tty.as_ref().map(|tty| tty.quiet());
        let turn = self.app.gateway().submit(delivery);
        tokio::pin!(turn);
        let mut next = Next::GoOn;
        let outcome = loop {
            tokio::select! {
                outcome = &mut turn => break outcome,
                signal = self.signals.next() => {
                    if signal == Signal::Reload {
                        let app = self.app.clone();
                        tokio::spawn(async move { app.reload_and_tell(Cause::Signal).await });
                        continue;
                    }
                    cancel.cancel();
                    if signal == Signal::End || !self.interactive {
                        next = Next::Stop;
                    }
                }
            }
        };
        self.approver.serve(CancellationToken::new(), None);
        self.notices.serve(None);
        match outcome.end {
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
