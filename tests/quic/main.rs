//! The door, on real endpoints over the loopback and on real SQLite.

// Clippy's exception for tests leaves their helpers out.
#![allow(clippy::unwrap_used)]

mod bad_frames;
mod certificate;
mod crowd;
mod devices;
mod foreign;
mod guessing;
mod messages;
mod mutations;
mod pairing;
mod pieces;
mod process;
#[path = "../support/protocol_schema.rs"]
mod protocol_schema;
mod roles;
mod schema;
mod sockets;
mod stopping;
mod strangers;
mod streams;
mod support;
mod versions;
