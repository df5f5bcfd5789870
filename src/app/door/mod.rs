//! What devices reach by QUIC: the engine behind the door of [`crate::quic`].

mod answer;
mod asking;
mod bulletin;
mod lanes;
mod listening;
mod lua;
mod report;
mod rooms;
mod talk;

pub use asking::DeviceQuestions;
pub use bulletin::Bulletin;
pub use listening::{Door, Opened};

/// The channel that devices speak on.
pub(super) const CHANNEL: &str = "quic";
