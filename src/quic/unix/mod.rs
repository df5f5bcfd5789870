//! QUIC over Unix sockets, for workers in containers that have no network.
//!
//! Sockets of the kind SEQPACKET: a client binds nothing, so the directory can be read-only to it;
//! the server has a socket for each client, so none can take another's name or fill its queue; and
//! the end of one side is known to the other at once.

mod listener;
mod socket;

pub(super) use listener::Listener;
pub(super) use socket::PEER;
pub(super) use socket::PacketSocket;
