//! What is said on the wire, as types. `docs/protocol.md` describes it for other languages.
//!
//! One stream carries one exchange: a frame from the client, frames back, the last of which is
//! `done` or `error`. The first stream of a connection says who the client is.

mod answer;
mod hello;
mod refusal;
mod request;

pub use answer::{Answer, Welcome};
pub(super) use hello::label;
pub use hello::{Credential, Hello};
pub use refusal::{Kind, Refusal};
pub use request::{Request, WorkerRequest};

/// The protocol's name in the TLS handshake. Its number changes when old clients cannot follow.
pub const ALPN: &[u8] = b"openpista/1";
/// The version of the messages, named in the first frame.
pub const VERSION: u32 = 1;

/// Why a connection was closed, as the number that QUIC carries.
pub mod close {
    /// All was said.
    pub const DONE: u32 = 0;
    /// What was sent is not this protocol.
    pub const PROTOCOL: u32 = 1;
    /// The token or the pairing code is no good.
    pub const AUTH: u32 = 2;
    /// The device was shut out.
    pub const REVOKED: u32 = 3;
    /// There are too many connections.
    pub const BUSY: u32 = 4;
    /// The server ends.
    pub const SHUTDOWN: u32 = 5;
    /// The peer did not say who it is in time.
    pub const TIMEOUT: u32 = 6;
}

/// Why one side wants no more of a stream, as the number that QUIC carries.
pub mod stop {
    /// The client wants the request to be given up.
    pub const CANCEL: u32 = 0;
    /// What was sent on it is no request.
    pub const REFUSED: u32 = 1;
    /// The client reads its answer too slowly.
    pub const SLOW: u32 = 2;
}
