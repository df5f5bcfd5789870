//! What a daemon is asked for, but for messages, with the types of what it answers.

use super::{error::LinkError, link::Link};
use crate::{
    domain::{
        device::{Device, Role},
        id::DeviceId,
        secret::Secret,
        store::{Session, StoredMessage},
        tool::ToolLine,
    },
    quic::protocol::{Answer, Request},
};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A conversation that a daemon has opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opened {
    /// The conversation.
    pub session: Session,
    /// Whether it was begun for this.
    pub fresh: bool,
    /// What answers in it, as provider/model.
    pub model: String,
}

/// A command of the configuration's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommandLine {
    /// Its name, without the slash.
    pub name: String,
    /// What it does.
    pub help: String,
}

/// A pairing code.
#[derive(Clone, Debug, Deserialize)]
pub struct Code {
    /// The code, good once.
    #[serde(deserialize_with = "secret")]
    pub code: Secret,
    /// What the new device may do.
    pub role: Role,
    /// The daemon's certificate.
    pub fingerprint: String,
    /// When it ends, in milliseconds since 1970 (UTC).
    pub expires_ms: i64,
    /// How long it is good.
    pub seconds: u64,
}

/// How Lua ended that a daemon has evaluated.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Evaluated {
    /// The values, ready to be shown.
    #[serde(default)]
    pub values: Option<String>,
    /// More has to follow.
    #[serde(default)]
    pub incomplete: bool,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
}

impl Link {
    /// A conversation, found or begun: [`Request::Session`].
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn session(&self, request: &Request) -> Result<Opened, LinkError> {
        self.ask_for(request).await
    }

    /// The conversations, the last one touched first.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn sessions(&self, limit: u32) -> Result<Vec<Session>, LinkError> {
        self.field(&Request::Sessions { limit: Some(limit) }, "sessions").await
    }

    /// A conversation, and what was said in it last.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn transcript(
        &self,
        session: &str,
        limit: u32,
    ) -> Result<(Session, Vec<StoredMessage>), LinkError> {
        #[derive(Deserialize)]
        struct Transcript {
            session: Session,
            messages: Vec<StoredMessage>,
        }
        let request = Request::Transcript { session: session.to_owned(), limit: Some(limit) };
        let Transcript { session, messages } = self.ask_for(&request).await?;
        Ok((session, messages))
    }

    /// The commands of the configuration.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn commands(&self) -> Result<Vec<CommandLine>, LinkError> {
        self.field(&Request::Commands {}, "commands").await
    }

    /// The tools, and what the agent of a conversation may do with each.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn tools(&self, session: &str) -> Result<Vec<ToolLine>, LinkError> {
        self.field(&Request::Tools { session: session.to_owned() }, "tools").await
    }

    /// The names that could stand at the end of a line of Lua.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn complete(&self, line: &str) -> Result<Vec<String>, LinkError> {
        self.field(&Request::Complete { line: line.to_owned(), at: line.len() }, "candidates").await
    }

    /// Makes a pairing code.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn code(&self, role: Role, name: Option<String>) -> Result<Code, LinkError> {
        self.ask_for(&Request::Pair { role, name }).await
    }

    /// The devices that were ever let in.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn devices(&self) -> Result<Vec<Device>, LinkError> {
        self.field(&Request::Devices {}, "devices").await
    }

    /// Shuts a device out.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn revoke(&self, device: &DeviceId) -> Result<(), LinkError> {
        self.ask(&Request::Revoke { device: device.to_string() }).await.map(drop)
    }

    /// Evaluates Lua in the daemon's live engine; `print` takes what it prints. Dropping the future
    /// stops it.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn evaluate(&self, code: &str, mut print: impl FnMut(&str)) -> Result<Evaluated, LinkError> {
        let mut answers = self.request(&Request::Eval { code: code.to_owned() }).await?;
        loop {
            match answers.next().await.map_err(|error| self.sorted(error))? {
                Answer::Output { text } => print(&text),
                Answer::Done { result } => return read(result),
                _ => {}
            }
        }
    }

    async fn field<T: DeserializeOwned>(&self, request: &Request, name: &str) -> Result<T, LinkError> {
        let mut answer = self.ask(request).await?;
        read(answer.get_mut(name).map(Value::take).unwrap_or_default())
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, LinkError> {
    serde_json::from_value(value).map_err(|error| LinkError::Strange(error.to_string()))
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    String::deserialize(from).map(Secret::new)
}
