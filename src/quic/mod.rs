//! The door to the network: QUIC on UDP, or on Unix sockets for workers.
//!
//! `docs/protocol.md` describes what is said. A [`Server`] is known by its certificate, which is made
//! once and which clients know by its fingerprint; a [`Client`] is known by its token, which stands
//! for a device with a role. What devices ask goes to a [`Handler`].

mod client;
mod connection_ids;
mod fingerprint;
mod handler;
mod identity;
mod limits;
mod pace;
mod pairing;
mod pin;
pub mod protocol;
mod read;
mod server;
mod tls;
pub mod token;
pub mod token_file;
mod transport;
mod unix;

pub use crate::frame;
pub use client::{Address, Answers, CONNECT_DEADLINE, Client, ClientError, Target};
pub use fingerprint::Fingerprint;
pub use handler::{Handler, Peer};
pub use identity::{Identity, IdentityError};
pub use limits::*;
pub use server::{Gone, ListenError, Reply, Server, Traffic};
pub use tls::TlsError;
