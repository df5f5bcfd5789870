//! Devices: programs that were let in from outside, each with a token of its own and a role.

use super::{BoxFuture, id::DeviceId, store::StoreError};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a device may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, running code in the engine included.
    Owner,
    /// Talk to agents.
    User,
    /// Work for the engine, and nothing else.
    Worker,
}

impl Role {
    /// The name, as stored and as written in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::User => "user",
            Self::Worker => "worker",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Owner, Self::User, Self::Worker]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no role; there are owner, user and worker"))
    }
}

/// SHA-256 of a token. Tokens themselves are shown once and never kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A device, as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its id, given by the engine.
    pub id: DeviceId,
    /// What people call it. A label: it proves nothing.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was let in, in milliseconds since 1970 (UTC).
    pub created_ms: i64,
    /// When it last connected, in milliseconds since 1970 (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_ms: Option<i64>,
    /// When its token ends by itself, in milliseconds since 1970 (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<i64>,
    /// When it was shut out, in milliseconds since 1970 (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_ms: Option<i64>,
}

/// A device to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDevice {
    /// What people shall call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// By what it is known again.
    pub token: TokenHash,
    /// When its token ends by itself, in milliseconds since 1970 (UTC).
    pub expires_ms: Option<i64>,
}

/// Where devices are kept. A device that was revoked, or whose token ended, is in no good standing
/// from that moment on.
pub trait Devices: Send + Sync {
    /// Lets a device in. Acknowledged means stored.
    fn admit(&self, device: NewDevice) -> BoxFuture<'_, Result<Device, StoreError>>;

    /// The device that a token belongs to, while it is in good standing.
    fn by_token(&self, token: TokenHash) -> BoxFuture<'_, Result<Option<Device>, StoreError>>;

    /// Whether a device is in good standing.
    fn standing<'a>(&'a self, id: &'a DeviceId) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Notes that a device connected.
    fn seen<'a>(&'a self, id: &'a DeviceId) -> BoxFuture<'a, Result<(), StoreError>>;

    /// All devices, oldest first, those that were shut out included.
    fn all(&self) -> BoxFuture<'_, Result<Vec<Device>, StoreError>>;

    /// Shuts a device out. Says whether there was one to shut out.
    fn shut_out<'a>(&'a self, id: &'a DeviceId) -> BoxFuture<'a, Result<bool, StoreError>>;
}
