//! One message to the agent.

use super::Repl;
use crate::{
    domain::{envelope::Envelope, event::Observer},
    front::{Live, Plain},
    gateway::Delivery,
};
use std::{
    io::IsTerminal,
    sync::{Arc, PoisonError},
};
use tokio_util::sync::CancellationToken;

impl Repl {
    /// Has `text` answered. Ctrl-C stops the turn; the REPL goes on.
    pub(super) async fn say(&mut self, text: String) {
        let cancel = CancellationToken::new();
        *self.cancel.lock().unwrap_or_else(PoisonError::into_inner) = cancel.clone();
        let terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let live = terminal.then(|| Live::start(cancel.clone()));
        self.approver.use_live(live.clone());
        let observer: Arc<dyn Observer> = match live {
            Some(live) => live,
            None => Arc::new(Plain::new(cancel.clone())),
        };
        let delivery = Delivery {
            envelope: Envelope {
                origin: self.app.origin("repl"),
                agent: self.app.agent_of(&self.session),
                text,
            },
            session: self.session.id.clone(),
            model: self.model.clone(),
            observer,
            cancel: cancel.clone(),
        };
        let turn = self.app.gateway().submit(delivery);
        tokio::pin!(turn);
        loop {
            tokio::select! {
                _ = &mut turn => break,
                () = crate::app::interrupted() => cancel.cancel(),
            }
        }
        self.approver.use_live(None);
    }
}
