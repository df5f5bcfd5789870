//! The port behind the door: whoever answers requests.

use super::{
    protocol::{Refusal, Request},
    server::Reply,
};
use crate::domain::{
    BoxFuture,
    device::{Device, Role},
    id::DeviceId,
};
use serde_json::Value;

/// Who asks. Known from the token of the connection; nothing of it was claimed by the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The device.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The connection, counted since the server began.
    pub connection: u64,
}

impl Peer {
    pub(super) fn new(device: Device, connection: u64) -> Self {
        Self { device: device.id, name: device.name, role: device.role, connection }
    }
}

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// The configuration in force.
    fn generation(&self) -> u64;

    /// Answers a request that the peer's role allows. Which conversations and questions are the
    /// peer's own is the handler's to check.
    ///
    /// What happens meanwhile goes to `reply`; what is returned ends the stream. When the client
    /// gives the request up, goes away (unless the request outlives it) or the server ends,
    /// [`Reply::cancelled`] tells; the future is dropped when it has not ended a grace time later.
    fn handle(&self, peer: Peer, request: Request, reply: Reply) -> BoxFuture<'_, Result<Value, Refusal>>;
}
