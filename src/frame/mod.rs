//! Frames: how messages stand on a stream.
//!
//! A frame is a length in four bytes, big-endian, and so many bytes. A message that is larger than a frame
//! goes in pieces: the highest bit of a length says that the message goes on in the next frame. Both the
//! size of a frame and that of a whole message are bounded, and what is beyond a bound is refused by its
//! header, before it is read. No sockets here: bytes go in, messages come out.

mod decoder;
mod pipe;
mod values;

pub use decoder::Decoder;
pub use pipe::{ReadError, read, receive};
pub use values::values;

use serde::Serialize;
use std::io::{self, Write};

/// The bytes before the content.
pub const HEADER: usize = 4;
/// The largest frame, in bytes of content, by default.
pub const FRAME_LIMIT: usize = 1 << 20;
/// The largest message in pieces, in bytes of content, by default.
pub const MESSAGE_LIMIT: usize = 32 << 20;
/// JSON values in a message in pieces, about, at most: in memory a value takes many times its text.
pub const MESSAGE_VALUES: usize = 500_000;
/// The bit of a length that says: the message goes on in the next frame.
const MORE: u32 = 1 << 31;

/// How large frames and messages may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of one frame.
    pub frame: usize,
    /// Bytes of a message. Where it is no larger than `frame`, nothing goes in pieces.
    pub message: usize,
}

impl Bounds {
    /// Each message is one frame of at most so many bytes.
    pub const fn whole(limit: usize) -> Self {
        Self { frame: limit, message: limit }
    }

    /// Messages of at most so many bytes, in pieces where they are larger than a frame usually is.
    pub const fn pieces(message: usize) -> Self {
        let frame = if message < FRAME_LIMIT { message } else { FRAME_LIMIT };
        Self { frame, message }
    }

    /// Whether a message may come in pieces.
    pub const fn in_pieces(self) -> bool {
        self.message > self.frame
    }
}

/// Why there is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length in the header is beyond the limit. Nothing of the frame was kept.
    #[error("a frame of {length} bytes is too large; the limit is {limit}")]
    TooLarge {
        /// What the header says.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// The pieces of a message are larger than a message may be. Nothing of it was kept.
    #[error("a message in pieces is too large; the limit is {limit} bytes")]
    MessageTooLarge {
        /// The most that is taken.
        limit: usize,
    },
    /// A message in pieces holds too many JSON values.
    #[error("a message in pieces holds more than {limit} JSON values")]
    TooManyValues {
        /// The most that is taken.
        limit: usize,
    },
    /// The header says that nothing follows; but nothing is not JSON.
    #[error("a frame is empty; each holds JSON")]
    Empty,
    /// The stream ended in the middle of a frame.
    #[error("the stream ended in the middle of a frame: {got} of {wanted} bytes arrived")]
    Truncated {
        /// How many bytes of the header or of the content arrived.
        got: usize,
        /// How many there should have been.
        wanted: usize,
    },
    /// The stream ended between the pieces of a message.
    #[error("the stream ended in the middle of a message: {got} bytes arrived, and more were announced")]
    Unfinished {
        /// How many bytes of the message arrived.
        got: usize,
    },
    /// A value of ours has no JSON.
    #[error("cannot be written as JSON: {0}")]
    Unwritable(String),
}

/// The bytes before the content, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    length: usize,
    more: bool,
}

impl Header {
    /// Reads a header. `before`: so many bytes of the same message came in the frames before.
    fn read(bytes: [u8; HEADER], before: usize, bounds: Bounds) -> Result<Self, FrameError> {
        let number = u32::from_be_bytes(bytes);
        // Where nothing goes in pieces, the bit is part of a length that is too large.
        let mask = if bounds.in_pieces() { !MORE } else { u32::MAX };
        let length = usize::try_from(number & mask).unwrap_or(usize::MAX);
        let header = Self { length, more: number & !mask != 0 };
        match length {
            0 => Err(FrameError::Empty),
            length if length > bounds.frame => Err(FrameError::TooLarge { length, limit: bounds.frame }),
            length if length > bounds.message.saturating_sub(before) => {
                Err(FrameError::MessageTooLarge { limit: bounds.message })
            }
            _ => Ok(header),
        }
    }

    fn bytes(self) -> Option<[u8; HEADER]> {
        let length = u32::try_from(self.length).ok().filter(|length| length & MORE == 0)?;
        Some((length | if self.more { MORE } else { 0 }).to_be_bytes())
    }
}

/// One value as one frame.
///
/// # Errors
/// When it is larger than `limit`.
pub fn encode(value: &impl Serialize, limit: usize) -> Result<Vec<u8>, FrameError> {
    encode_within(value, Bounds::whole(limit))
}

/// One value as a message, in pieces where one frame does not hold it.
///
/// # Errors
/// When it is larger than a message may be. No more than that is held of it.
pub fn encode_within(value: &impl Serialize, bounds: Bounds) -> Result<Vec<u8>, FrameError> {
    let mut out = Counted { bytes: vec![0; HEADER], total: 0, limit: bounds.message };
    serde_json::to_writer(&mut out, value).map_err(|e| FrameError::Unwritable(e.to_string()))?;
    let Counted { bytes: mut message, total: length, limit } = out;
    if length > limit && bounds.in_pieces() {
        return Err(FrameError::MessageTooLarge { limit });
    }
    let too_large = FrameError::TooLarge { length, limit: bounds.frame };
    if length > limit {
        return Err(too_large);
    }
    if length <= bounds.frame {
        let header = Header { length, more: false }.bytes().ok_or(too_large)?;
        message[..HEADER].copy_from_slice(&header);
        return Ok(message);
    }
    parted(&message[HEADER..], bounds.frame).ok_or(too_large)
}

/// The bytes that a value takes as JSON.
///
/// # Errors
/// When it has no JSON.
pub fn length(value: &impl Serialize) -> Result<usize, FrameError> {
    let mut out = Counted { bytes: vec![], total: 0, limit: 0 };
    serde_json::to_writer(&mut out, value).map_err(|e| FrameError::Unwritable(e.to_string()))?;
    Ok(out.total)
}

/// A message as frames of at most `frame` bytes.
fn parted(message: &[u8], frame: usize) -> Option<Vec<u8>> {
    let pieces = message.chunks(frame.max(1));
    let last = pieces.len().checked_sub(1)?;
    let mut out = Vec::with_capacity(message.len() + HEADER * (last + 1));
    for (at, piece) in pieces.enumerate() {
        out.extend_from_slice(&Header { length: piece.len(), more: at < last }.bytes()?);
        out.extend_from_slice(piece);
    }
    Some(out)
}

/// Keeps bytes up to a limit, behind the room for a header, and counts the others.
struct Counted {
    bytes: Vec<u8>,
    total: usize,
    limit: usize,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.total = self.total.saturating_add(bytes.len());
        if self.total <= self.limit {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
