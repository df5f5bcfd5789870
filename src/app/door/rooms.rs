//! Conversations as a client with a prompt needs them: which one to speak in, what was said there, and
//! what can be done there.

use super::{
    answer::DoorHandler,
    talk::{channel_of, sorted},
};
use crate::{
    app::{check_name, table},
    attach::{CommandLine, Opened},
    domain::{
        cut,
        message::Message,
        store::{Session, StoreError, StoredMessage},
    },
    memory::NewSession,
    policy::Executor,
    quic::{
        Peer,
        protocol::{Kind, Refusal},
    },
};
use serde_json::{Value, json};

/// Messages of a transcript where nobody says how many.
const SHOWN: u32 = 6;
/// The most messages of a transcript.
pub(super) const MOST_SHOWN: u32 = 200;
/// A message of more bytes is shortened in a transcript.
pub(super) const SHORTENED_AT: usize = 64 << 10;
/// A transcript ends with the message that makes it larger than this: it has to fit into a frame.
pub(super) const TRANSCRIPT_BYTES: usize = 512 << 10;
/// Characters that are left of one that is shortened.
const LEFT_CHARS: usize = 8_000;
/// The fronts of the owner's own machine.
const FRONTS: &[&str] = &["repl", "cli"];

/// The conversation that a device wants.
pub(super) struct Wanted {
    pub(super) session: Option<String>,
    pub(super) fresh: bool,
    pub(super) front: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) instead: Option<String>,
    pub(super) model: Option<String>,
}

impl DoorHandler {
    pub(super) async fn session(&self, peer: &Peer, wanted: Wanted) -> Result<Value, Refusal> {
        let channel = self.channel(peer, wanted.front.as_deref())?;
        if let Some(agent) = &wanted.agent {
            let live = self.app.live.load_full();
            live.setup.roster.get(agent).map_err(|error| Refusal::new(Kind::Config, error))?;
        }
        if let Some(model) = &wanted.model {
            self.app.resolved(model).map_err(|error| Refusal::new(Kind::Config, error.to_string()))?;
        }
        let (session, fresh) = match (&wanted.session, wanted.fresh) {
            (name, true) => (self.begin(&channel, name.as_deref(), &wanted).await?, true),
            (Some(name), false) => match self.app.memory().find_session(name).await {
                Ok(session) => (self.own(peer, session, name)?, false),
                Err(StoreError::NoSession(_)) => {
                    match self.begin(&channel, Some(name), &wanted).await {
                        Ok(begun) => (begun, true),
                        // Somebody else began it meanwhile.
                        Err(refusal) => match self.app.memory().find_session(name).await {
                            Ok(session) => (self.own(peer, session, name)?, false),
                            Err(_) => return Err(refusal),
                        },
                    }
                }
                Err(error) => return Err(sorted(peer, name, error)),
            },
            (None, false) => match self.app.memory().latest_session(&channel).await? {
                Some(session) => (session, false),
                None => (self.begin(&channel, None, &wanted).await?, true),
            },
        };
        if let Some(old) = &wanted.instead {
            let old = self.known(peer, old).await?;
            self.app.tell_reset(&old, &session);
        }
        let model = wanted.model.unwrap_or_else(|| self.app.model_of(&session));
        let model = self.app.resolved(&model).unwrap_or(model);
        encoded(&Opened { session, fresh, model })
    }

    /// What a device's conversations are filed under.
    fn channel(&self, peer: &Peer, front: Option<&str>) -> Result<String, Refusal> {
        match front {
            Some(front) if !FRONTS.contains(&front) => {
                let message = format!("session: `front` is {front:?}; there are {}", FRONTS.join(" and "));
                Err(Refusal::new(Kind::Request, message))
            }
            Some(front) if self.is_owner(peer) => Ok(front.to_owned()),
            _ => Ok(channel_of(&peer.device)),
        }
    }

    async fn begin(&self, channel: &str, name: Option<&str>, wanted: &Wanted) -> Result<Session, Refusal> {
        if let Some(name) = name {
            check_name(name).map_err(|error| Refusal::new(Kind::Request, error))?;
        }
        let live = self.app.live.load_full();
        let new = NewSession {
            name: name.map(str::to_owned),
            channel: channel.to_owned(),
            agent: wanted.agent.clone().unwrap_or_else(|| live.loaded.settings.agent.clone()),
            workspace: live.loaded.workspace().display().to_string(),
        };
        self.app.memory().create_session(new).await.map_err(|error| match error {
            StoreError::NameTaken(_) => Refusal::new(Kind::Request, error),
            other => other.into(),
        })
    }

    pub(super) async fn transcript(
        &self,
        peer: &Peer,
        wanted: &str,
        limit: Option<u32>,
    ) -> Result<Value, Refusal> {
        let session = self.known(peer, wanted).await?;
        let limit = limit.unwrap_or(SHOWN).min(MOST_SHOWN) as usize;
        let messages = self.app.memory().last_messages(&session.id, limit).await?;
        let (mut last, mut bytes) = (vec![], 0);
        for message in messages.into_iter().rev() {
            let message = short(message)?;
            bytes += message.to_string().len();
            if bytes > TRANSCRIPT_BYTES {
                break;
            }
            last.push(message);
        }
        last.reverse();
        Ok(json!({ "session": session, "messages": last }))
    }

    pub(super) fn commands(&self) -> Value {
        let commands = self.app.commands().into_iter();
        let commands: Vec<_> = commands.map(|(name, help)| CommandLine { name, help }).collect();
        json!({ "commands": commands })
    }

    pub(super) async fn tools(&self, peer: &Peer, wanted: &str) -> Result<Value, Refusal> {
        let session = self.known(peer, wanted).await?;
        let live = self.app.live.load_full();
        let entry = live.setup.roster.get(&self.app.agent_of(&session));
        let entry = entry.map_err(|error| Refusal::new(Kind::NotFound, error))?;
        Ok(json!({ "tools": table::lines(live.registry.specs(), &entry.policy) }))
    }
}

/// A message that is not too large to be shown.
fn short(mut stored: StoredMessage) -> Result<Value, Refusal> {
    let value = encoded(&stored)?;
    if value.to_string().len() <= SHORTENED_AT {
        return Ok(value);
    }
    match &mut stored.message {
        Message::User { text } | Message::Notice { text } => *text = cut::middle(text, LEFT_CHARS),
        Message::Tool(result) => {
            result.content = cut::middle(&result.content, LEFT_CHARS);
            result.meta.clear();
        }
        Message::Assistant(message) => {
            message.text = cut::middle(&message.text, LEFT_CHARS);
            message.extras.clear();
            message.calls.iter_mut().for_each(|call| call.args.clear());
        }
    }
    encoded(&stored)
}

fn encoded<T: serde::Serialize>(value: &T) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(|error| Refusal::new(Kind::Internal, error))
}
