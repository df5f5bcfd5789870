//! A message on its way in.

use serde::{Deserialize, Serialize};

/// The longest message of the person whose machine it is, in bytes: typed, piped in, or sent by a device
/// with the role owner.
pub const MAX_OWN_TEXT: usize = 16 << 20;

/// Who speaks, and through what. Made by the engine, never taken from a client's claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The channel: `cli`, `repl`, …
    pub channel: String,
    /// The person on it: the login name for the terminal.
    pub user: String,
}

/// An inbound message with everything needed to answer it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Who speaks.
    pub origin: Origin,
    /// The agent that shall answer.
    pub agent: String,
    /// What was said.
    pub text: String,
}
