//! The other end of the daemon's door: what programs of ours do as its clients.
//!
//! A [`Link`] is a connection that is made again when it broke, wherever the daemon is by then
//! ([`Whereabouts`]). [`say`] has a message answered as if the engine were in this program.
//! [`Servers`] remembers the daemons that this device was paired with.

mod ask;
mod error;
mod invitation;
mod link;
mod place;
mod process;
mod servers;
mod talk;

pub use ask::{Code, CommandLine, Evaluated, Opened};
pub use error::LinkError;
pub use invitation::Invitation;
pub use link::{Found, Keeping, Link, RETRY_EVERY, Tell, Whereabouts};
pub use place::{DEFAULT_PORT, Place};
pub use servers::{Server, Servers, ServersError};
pub use talk::{Message, Person, STOP_PATIENCE, say};
