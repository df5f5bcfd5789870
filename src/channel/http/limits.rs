//! What bounds the channel.

use std::time::Duration;

/// Connections at the same time; further ones are answered 503.
pub const MAX_CONNECTIONS: usize = 1_024;
/// From a connection's beginning, or the end of the request before, to the last of the request's headers.
pub const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// From the headers to the last byte of the body.
pub const BODY_WITHIN: Duration = Duration::from_secs(10);
/// Headers of a request.
pub const MAX_HEADERS: usize = 64;
/// Bytes that the headers of a request take.
pub const MAX_HEADER_BYTES: usize = 16 << 10;
/// Bytes of a body: the longest message, escaped, with what goes with it.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// How much of a longer body is read on, so that its sender gets to read why it was refused.
pub(super) const DRAINED_BYTES: usize = 8 << 20;
/// How long a request waits for the answer where it doesn't say.
pub const WAIT: Duration = Duration::from_secs(120);
/// How long it can wait at most.
pub const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// Messages delivered at the same time.
pub const AT_ONCE: usize = 64;
/// How long a server that is called back has to answer.
pub const CALLBACK_WITHIN: Duration = Duration::from_secs(10);
/// Characters of a token, at least.
pub const MIN_TOKEN_CHARS: usize = 16;
/// Requests under way when the channel ends: the time they have left.
pub(super) const CLOSING: Duration = Duration::from_secs(3);
/// The wait after the system could not accept a connection.
pub(super) const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(100);
