//! Answers the requests of devices.

use super::{asking::DeviceQuestions, bulletin::Bulletin, lanes::Lanes, rooms::Wanted, talk::Said};
use crate::{
    app::{App, Cause, ConfigError},
    domain::{BoxFuture, approval::Approval, causes::causes, device::Role},
    quic::{
        Handler, Peer, Reply,
        protocol::{Kind, Refusal, Request},
    },
};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The engine, as devices see it.
pub(super) struct DoorHandler {
    pub(super) app: App,
    pub(super) questions: DeviceQuestions,
    pub(super) lanes: Lanes,
    pub(super) bulletin: Bulletin,
    /// Cancelled when a device wants the program to end.
    pub(super) stop: CancellationToken,
    pub(super) place: Arc<super::listening::Place>,
}

impl DoorHandler {
    pub(super) fn is_owner(&self, peer: &Peer) -> bool {
        peer.role == Role::Owner
    }

    fn approval(&self, peer: &Peer, id: &str, answer: Approval) -> Result<Value, Refusal> {
        // What is granted for good holds for everybody who talks to the agent.
        if answer == Approval::Always && !self.is_owner(peer) {
            let message = "a device with the role user can say yes or no, but not always";
            return Err(Refusal::new(Kind::Forbidden, message));
        }
        self.questions.answer(&peer.device, id, answer)
    }

    async fn reload(&self) -> Result<Value, Refusal> {
        let app = self.app.clone();
        // A reload goes on to its end, whoever waits for it.
        let reloaded = tokio::spawn(async move { app.reload(Cause::Command).await }).await;
        match reloaded.unwrap_or_else(|error| Err(error.into())) {
            Ok(reloaded) => Ok(json!({
                "generation": reloaded.generation,
                "changes": reloaded.changes,
                "restart": reloaded.restart,
                "files": reloaded.files,
                "text": reloaded.to_string(),
            })),
            Err(error) => {
                // Who asked for it reads the answer; who runs the daemon reads the log.
                tracing::warn!("{}", self.app.not_reloaded(&error));
                let at_fault = error.downcast_ref::<ConfigError>().is_some();
                let kind = if at_fault { Kind::Config } else { Kind::Internal };
                Err(Refusal::new(kind, causes(error.as_ref())))
            }
        }
    }
}

impl Handler for DoorHandler {
    fn generation(&self) -> u64 {
        self.app.generation()
    }

    fn handle(&self, peer: Peer, request: Request, reply: Reply) -> BoxFuture<'_, Result<Value, Refusal>> {
        Box::pin(async move {
            match request {
                Request::Message { text, session, agent, model, detach: _, unattended, literal } => {
                    let said = Said { text, session, agent, model, unattended, literal };
                    self.message(&peer, said, reply).await
                }
                Request::Cancel { session } => self.cancel(&peer, &session).await,
                Request::Approval { id, answer } => self.approval(&peer, &id, answer),
                Request::Eval { code } => self.eval(&peer, code, reply).await,
                Request::Complete { line, at } => self.complete(&line, at).await,
                Request::Status {} => self.status(&peer).await,
                Request::Sessions { limit } => self.sessions(&peer, limit).await,
                Request::Session { session, fresh, front, agent, instead, model } => {
                    let wanted = Wanted { session, fresh, front, agent, instead, model };
                    self.session(&peer, wanted).await
                }
                Request::Transcript { session, limit } => self.transcript(&peer, &session, limit).await,
                Request::Commands {} => Ok(self.commands()),
                Request::Tools { session } => self.tools(&peer, &session).await,
                Request::Watch {} => self.bulletin.read_out(reply).await,
                Request::Reload {} => self.reload().await,
                Request::Stop {} => {
                    self.stop.cancel();
                    Ok(json!({ "pid": std::process::id() }))
                }
                Request::Worker(_) => {
                    Err(Refusal::new(Kind::Unsupported, "this server has no work for workers"))
                }
                // The server itself answers these.
                Request::Ping {} | Request::Pair { .. } | Request::Devices {} | Request::Revoke { .. } => {
                    Err(Refusal::new(Kind::Internal, "this is for the server to answer"))
                }
            }
        })
    }
}
