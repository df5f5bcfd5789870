//! Messages over the pipes: JSON in frames, in pieces where one frame does not hold it.

use crate::frame::{self, Bounds, ReadError};
use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, Read};
use tokio::io::AsyncRead;

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// It would be longer than is allowed.
    #[error("a message of more than {0} bytes")]
    TooLong(usize),
    /// The pipe has ended or broken.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not what was expected.
    #[error("a message that makes no sense: {0}")]
    Senseless(String),
}

impl FrameError {
    fn of(error: frame::FrameError, max: usize) -> Self {
        match error {
            frame::FrameError::TooLarge { .. } | frame::FrameError::MessageTooLarge { .. } => {
                Self::TooLong(max)
            }
            other => Self::Senseless(other.to_string()),
        }
    }

    fn read(error: ReadError, max: usize) -> Self {
        match error {
            ReadError::Io(error) => Self::Io(error),
            ReadError::Frame(error) => Self::of(error, max),
        }
    }
}

/// A whole message. Takes no more memory than `max` allows, whatever the message would need.
pub fn encode(message: &impl Serialize, max: usize) -> Result<Vec<u8>, FrameError> {
    frame::encode_within(message, Bounds::pieces(max)).map_err(|error| FrameError::of(error, max))
}

/// Reads a message.
pub fn read<T: DeserializeOwned>(from: &mut impl Read, max: usize) -> Result<T, FrameError> {
    let body = frame::read(from, Bounds::pieces(max)).map_err(|error| FrameError::read(error, max))?;
    decode(&body)
}

/// Reads a message. When dropped half-way, what was read is lost.
pub(super) async fn receive<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
    max: usize,
) -> Result<T, FrameError> {
    let body = frame::receive(from, Bounds::pieces(max)).await;
    decode(&body.map_err(|error| FrameError::read(error, max))?)
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, FrameError> {
    serde_json::from_slice(body).map_err(|error| FrameError::Senseless(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_and_are_bounded() {
        let frame = encode(&"héllo", 8).unwrap();
        assert_eq!(frame, b"\0\0\0\x08\"h\xc3\xa9llo\"");
        assert_eq!(read::<String>(&mut frame.as_slice(), 8).unwrap(), "héllo");
        assert!(matches!(read::<String>(&mut frame.as_slice(), 7), Err(FrameError::TooLong(7))));
        assert!(matches!(encode(&"héllo", 7), Err(FrameError::TooLong(7))));
        assert!(matches!(read::<String>(&mut &frame[..6], 8), Err(FrameError::Io(_))));
        assert!(matches!(read::<u8>(&mut frame.as_slice(), 8), Err(FrameError::Senseless(_))));
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let mut frame = (deep.len() as u32).to_be_bytes().to_vec();
        frame.extend_from_slice(deep.as_bytes());
        let read = read::<serde_json::Value>(&mut frame.as_slice(), 1 << 20);
        assert!(matches!(read, Err(FrameError::Senseless(_))));
    }

    #[test]
    fn a_large_result_goes_in_pieces() {
        let (text, max) = ("x".repeat(3 << 20), 4 << 20);
        let message = encode(&text, max).unwrap();
        assert_eq!(read::<String>(&mut message.as_slice(), max).unwrap(), text);
        assert!(matches!(read::<String>(&mut message.as_slice(), 2 << 20), Err(FrameError::TooLong(_))));
    }
}
