//! Messages of devices: each is answered in a conversation that is the device's own.

use super::{CHANNEL, answer::DoorHandler};
use crate::{
    app::{NOTHING_TO_RETRY, check_name, commands},
    domain::{
        causes::causes,
        command,
        device::Role,
        envelope::{Envelope, MAX_OWN_TEXT, Origin},
        event::{Observer, TurnEvent},
        hook::TurnContext,
        id::{DeviceId, SessionId, TurnId},
        outcome::TurnEnd,
        post::{Receipt, whole_seconds},
        store::{Session, StoreError},
    },
    gateway::{Delivery, MAX_MESSAGE_BYTES, TooOften},
    quic::{
        Peer, Reply,
        protocol::{Kind, Refusal},
    },
};
use serde_json::{Value, json};
use std::sync::Arc;

/// The command that has the last message answered that was not.
const RETRY: &str = "retry";

/// What a device says, and how it wants it answered.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) session: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) model: Option<String>,
    /// Nobody is there who could be asked.
    pub(super) unattended: bool,
    /// It is no command.
    pub(super) literal: bool,
}

/// The channel of the conversations that a device has begun: they are its own.
pub(super) fn channel_of(device: &DeviceId) -> String {
    format!("{CHANNEL}:{device}")
}

fn refused(text: &str, role: Role) -> Option<String> {
    if text.trim().is_empty() {
        return Some("message: `text` is empty".into());
    }
    // As long as it may be without the daemon.
    let most = if role == Role::Owner { MAX_OWN_TEXT } else { MAX_MESSAGE_BYTES };
    (text.len() > most).then(|| format!("message: `text` is longer than {most} bytes"))
}

impl DoorHandler {
    pub(super) async fn message(&self, peer: &Peer, mut said: Said, reply: Reply) -> Result<Value, Refusal> {
        if let Some(why) = refused(&said.text, peer.role) {
            return Err(Refusal::new(Kind::Request, why));
        }
        self.app.limits.device(peer.device.as_str()).map_err(too_often)?;
        let session = self.conversation(peer, said.session.as_deref()).await?;
        if !said.literal && command::split(&said.text) == Some((RETRY, "")) {
            match self.app.memory().left_unanswered(&session.id).await? {
                Some(text) => (said.text, said.literal) = (text, true),
                None => {
                    reply.observe(&TurnEvent::Notice { text: NOTHING_TO_RETRY.to_owned() });
                    return Ok(json!({ "session": session.id }));
                }
            }
        }
        let agent = said.agent.unwrap_or_else(|| self.app.agent_of(&session));
        let origin = Origin { channel: CHANNEL.into(), user: peer.device.to_string() };
        if !said.literal
            && let Some(answer) = self.command(&said.text, &session, &agent, &origin).await
        {
            return told(&session, answer, &reply);
        }
        let place = self.lanes.enter(&session.id)?;
        let cancel = reply.cancel_token().child_token();
        let turn = tokio::select! {
            turn = place.turn(cancel.clone()) => turn,
            () = reply.cancelled() => return Err(given_up()),
        };
        let _attending = match said.unattended {
            false => self.questions.attend(peer, Some(session.id.clone()), reply.clone()),
            true => self.questions.leave_alone(&session.id),
        };
        let delivery = Delivery {
            envelope: Envelope { origin, agent, text: said.text },
            session: session.id.clone(),
            model: said.model,
            depth: 0,
            observer: Arc::new(reply),
            cancel,
        };
        let outcome = self.app.gateway().submit(delivery).await;
        drop(turn);
        match outcome.end {
            TurnEnd::Answered(_) => Ok(json!({
                "session": session.id, "model": outcome.model, "rounds": outcome.rounds, "usage": outcome.usage,
            })),
            TurnEnd::Cancelled => Err(given_up()),
            TurnEnd::Failed { message, .. } => Err(Refusal::new(Kind::Turn, message)),
        }
    }

    pub(super) async fn cancel(&self, peer: &Peer, wanted: &str) -> Result<Value, Refusal> {
        let session = self.known(peer, wanted).await?;
        Ok(json!({ "session": session.id, "cancelled": self.lanes.cancel(&session.id) }))
    }

    /// Runs the command of the user's own that a message is, if it is one.
    async fn command(
        &self,
        text: &str,
        session: &Session,
        agent: &str,
        origin: &Origin,
    ) -> Option<Result<String, String>> {
        let (name, typed) = command::split(text)?;
        let context = TurnContext {
            session: session.id.clone(),
            turn: TurnId::from(""),
            agent: agent.to_owned(),
            origin: origin.clone(),
            depth: 0,
        };
        // Held until the command has ended: its function lives as long.
        let live = self.app.live.load_full();
        commands::run(&live, name, typed, &context).await
    }

    /// The conversation that a message belongs to; it begins where there is none yet.
    async fn conversation(&self, peer: &Peer, wanted: Option<&str>) -> Result<Session, Refusal> {
        let channel = channel_of(&peer.device);
        let begun = match wanted {
            None => self.app.new_session(&channel, None).await,
            Some(wanted) => match self.app.memory().find_session(wanted).await {
                Ok(session) => return self.own(peer, session, wanted),
                Err(StoreError::NoSession(_)) => {
                    check_name(wanted).map_err(|error| Refusal::new(Kind::Request, error))?;
                    match self.app.named_session(wanted, &channel).await {
                        Ok((session, false)) => return self.own(peer, session, wanted),
                        begun => begun.map(|(session, _)| session),
                    }
                }
                Err(error) => return Err(sorted(peer, wanted, error)),
            },
        };
        begun.map_err(|error| Refusal::new(Kind::Internal, causes(error.as_ref())))
    }

    /// A conversation that is there.
    pub(super) async fn known(&self, peer: &Peer, wanted: &str) -> Result<Session, Refusal> {
        match self.app.memory().find_session(wanted).await {
            Ok(session) => self.own(peer, session, wanted),
            Err(error) => Err(sorted(peer, wanted, error)),
        }
    }

    /// The conversation, if it is one that the device may speak in.
    pub(super) fn own(&self, peer: &Peer, session: Session, wanted: &str) -> Result<Session, Refusal> {
        if self.is_owner(peer) || session.channel == channel_of(&peer.device) {
            return Ok(session);
        }
        Err(missing(wanted))
    }
}

pub(super) fn sorted(peer: &Peer, wanted: &str, error: StoreError) -> Refusal {
    match error {
        // Of others' conversations a device learns nothing, not even how many there are.
        StoreError::Ambiguous(..) if peer.role != Role::Owner => missing(wanted),
        StoreError::NoSession(_) | StoreError::Ambiguous(..) => Refusal::new(Kind::NotFound, error),
        other => other.into(),
    }
}

fn missing(wanted: &str) -> Refusal {
    Refusal::new(
        Kind::NotFound,
        format!("this device has no conversation {wanted:?}; `sessions` lists those that it has"),
    )
}

fn too_often(refused: TooOften) -> Refusal {
    let wait = refused.retry_after;
    Refusal {
        retry_after: Some(whole_seconds(wait).max(1)),
        ..Refusal::new(Kind::Busy, Receipt::limited(wait))
    }
}

fn given_up() -> Refusal {
    Refusal::new(Kind::Cancelled, "the turn was given up, as asked")
}

/// Says what came of a command as a turn would.
fn told(session: &Session, answer: Result<String, String>, reply: &Reply) -> Result<Value, Refusal> {
    let text = answer.map_err(|why| Refusal::new(Kind::Turn, why))?;
    reply.observe(&TurnEvent::Text { delta: text });
    let id: &SessionId = &session.id;
    Ok(json!({ "session": id }))
}
