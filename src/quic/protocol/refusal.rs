//! The frame that says no.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of no it is. For programs; the message is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The token or the pairing code is no good.
    Auth,
    /// The server does not speak this version.
    Version,
    /// Not a frame: too large, empty, cut off.
    Frame,
    /// A frame that holds no JSON.
    Json,
    /// JSON that is no message: a field is missing, unknown or of the wrong type.
    Request,
    /// A message of a type that the server does not know.
    UnknownType,
    /// The device's role does not allow it.
    Forbidden,
    /// The device was shut out.
    Revoked,
    /// Too much is going on; later it may work.
    Busy,
    /// The client did not send what it had to in time.
    Timeout,
    /// The client reads its answer too slowly.
    Slow,
    /// The server ends.
    Shutdown,
    /// What the request names does not exist.
    NotFound,
    /// The server knows the request, but cannot do it as it is configured.
    Unsupported,
    /// The configuration is at fault; the message says where.
    Config,
    /// The turn ended without an answer; the event before says more.
    Turn,
    /// The request was given up, as asked.
    Cancelled,
    /// The server is to blame.
    Internal,
    /// A kind that only a newer version has.
    #[serde(other)]
    Other,
}

/// A request, or a connection, that comes to nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// For programs.
    pub kind: Kind,
    /// For people: what, where, and how to mend it.
    pub message: String,
    /// With `version`: what the server speaks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supported: Vec<u32>,
    /// With `busy`: after so many seconds it may work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// A refusal for people to read.
    pub fn new(kind: Kind, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string(), supported: Vec::new(), retry_after: None }
    }
}

impl From<crate::domain::store::StoreError> for Refusal {
    fn from(error: crate::domain::store::StoreError) -> Self {
        Self::new(Kind::Internal, error)
    }
}
