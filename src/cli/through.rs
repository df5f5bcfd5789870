//! `openpista run`, answered by the daemon.

use super::{Exit, run::Run};
use crate::{
    app::{ConfigError, daemon::Nearby},
    attach::{Link, LinkError, Message, Person, say},
    domain::{approval::Approver, event::Observer},
    front::Output,
    quic::protocol::{Kind, Request},
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What the sessions of commands are filed under.
const FRONT: &str = "cli";

/// How the turn is shown, and who is asked.
pub(super) struct Shown {
    pub(super) observer: Arc<dyn Observer>,
    pub(super) approver: Option<Arc<dyn Approver>>,
    pub(super) output: Output,
    pub(super) cancel: CancellationToken,
}

/// The way to the daemon, if it can be talked to.
pub(super) async fn link(nearby: &Nearby) -> Result<Link, LinkError> {
    Link::open(Box::new(nearby.clone())).await
}

impl Run {
    /// Has the daemon answer.
    pub(super) async fn through(&self, link: Link, text: String, shown: Shown) -> anyhow::Result<Exit> {
        let Shown { observer, approver, output, cancel } = shown;
        let (agent, model) = (self.turn.agent.clone(), self.turn.model.clone());
        let wanted = Request::Session {
            session: self.session.clone(),
            fresh: self.session.is_none(),
            front: Some(FRONT.into()),
            agent: agent.clone(),
            instead: None,
            // One that cannot be asked is told of before anything is begun.
            model: model.clone(),
        };
        let opened = link.session(&wanted).await.map_err(sorted)?;
        if let (Some(name), true) = (&self.session, opened.fresh) {
            eprintln!("note: new session {name:?}");
        }
        let interrupted = super::run::stop_on_signals(cancel.clone());
        let message = Message { text, session: opened.session.id, agent, model, again: false };
        let person = Person { observer, approver, cancel };
        let end = say(&link, message, &person).await;
        link.close().await;
        Ok(match end {
            _ if output.lost() => Exit::Failed,
            Ok(end) => super::run::exit(&end, interrupted.is_cancelled()),
            // It was told already.
            Err(_) => Exit::Failed,
        })
    }
}

/// What the configuration is to blame for is told as where it is loaded here.
fn sorted(error: LinkError) -> anyhow::Error {
    match error.refusal() {
        Some(refusal) if refusal.kind == Kind::Config => ConfigError::new(refusal).into(),
        _ => error.into(),
    }
}
