//! What one peer, and all of them together, can take of us.

use crate::frame::{Bounds, FRAME_LIMIT, MESSAGE_LIMIT};
use std::time::Duration;

/// Connections that have not said who they are yet. One more pushes out the oldest of them.
pub const WAITING: usize = 256;
/// Connections of known devices, all together.
pub const CONNECTIONS: usize = 1024;
/// Connections of one device.
pub const CONNECTIONS_PER_DEVICE: usize = 64;
/// Requests that one connection may have under way.
pub const STREAMS: u32 = 32;
/// Frames beyond this size in bytes, on all streams of a connection together, that may be half
/// arrived. Others wait for their turn.
pub const ASSEMBLY: usize = 2 * FRAME_LIMIT;
/// Messages in pieces that are put together at the same time; of one device one. Others wait.
pub const PIECED: usize = 4;
/// The largest first frame, which says who the peer is.
pub const HELLO_LIMIT: usize = 4096;
/// Bytes that wait on one stream for a client that reads slowly; beyond that its request ends.
pub const BACKLOG: usize = 4 << 20;
/// From the first packet until the peer has said who it is.
pub const HELLO_DEADLINE: Duration = Duration::from_secs(5);
/// From the opening of a stream until its request is there.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(30);
/// Silence after which a connection is taken for dead.
pub const IDLE: Duration = Duration::from_secs(45);
/// How often a client shows that it is alive. Address translation forgets after 30 s.
pub const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// From one answer to a wrong token or pairing code to the next, whoever asks.
pub const FAILURE_PACE: Duration = Duration::from_millis(700);
/// The longest that one wrong token or code waits for its answer.
pub const FAILURE_LONGEST: Duration = Duration::from_secs(120);
/// How long a pairing code is good for.
pub const PAIRING_LIFE: Duration = Duration::from_secs(600);
/// Pairing codes that are good at the same time. One more ends the oldest.
pub const PAIRING_CODES: usize = 16;
/// From being told that it shall stop until a request's work is dropped.
pub const STOP_GRACE: Duration = Duration::from_secs(5);
/// How long the last words of a connection may take to arrive.
pub const LAST_WORDS: Duration = Duration::from_secs(1);

/// The limits of a server. The default is right for everything but tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest frame, in bytes of JSON.
    pub frame: usize,
    /// The largest message in pieces, in bytes of JSON.
    pub message: usize,
    /// Connections that have not said who they are yet.
    pub waiting: usize,
    /// Connections of known devices.
    pub connections: usize,
    /// Connections of one device.
    pub per_device: usize,
    /// Requests under way on one connection.
    pub streams: u32,
    /// Bytes that wait on one stream for a client that reads slowly.
    pub backlog: usize,
    /// From the first packet until the peer has said who it is.
    pub hello_deadline: Duration,
    /// From the opening of a stream until its request is there.
    pub request_deadline: Duration,
    /// Silence after which a connection is taken for dead.
    pub idle: Duration,
    /// From one answer to a wrong token to the next.
    pub failure_pace: Duration,
    /// How long a pairing code is good for.
    pub pairing_life: Duration,
    /// From being told that it shall stop until a request's work is dropped.
    pub stop_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame: FRAME_LIMIT,
            message: MESSAGE_LIMIT,
            waiting: WAITING,
            connections: CONNECTIONS,
            per_device: CONNECTIONS_PER_DEVICE,
            streams: STREAMS,
            backlog: BACKLOG,
            hello_deadline: HELLO_DEADLINE,
            request_deadline: REQUEST_DEADLINE,
            idle: IDLE,
            failure_pace: FAILURE_PACE,
            pairing_life: PAIRING_LIFE,
            stop_grace: STOP_GRACE,
        }
    }
}

impl Limits {
    /// How large a request may be.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds { frame: self.frame, message: self.message }
    }
}
