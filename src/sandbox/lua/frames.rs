//! Frames: four bytes of length, most significant first, then JSON.

use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, Read, Write};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The bytes of a length.
const HEAD: usize = 4;

/// Why there is no frame.
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

/// A whole frame. Takes no more memory than `max` allows, whatever the message would need.
pub fn encode(message: &impl Serialize, max: usize) -> Result<Vec<u8>, FrameError> {
    let mut frame = Bounded { bytes: vec![0; HEAD], max: max + HEAD, full: false };
    match serde_json::to_writer(&mut frame, message) {
        Err(_) if frame.full => return Err(FrameError::TooLong(max)),
        Err(error) => return Err(FrameError::Senseless(error.to_string())),
        Ok(()) => {}
    }
    let mut bytes = frame.bytes;
    let length = u32::try_from(bytes.len() - HEAD).map_err(|_| FrameError::TooLong(max))?;
    bytes[..HEAD].copy_from_slice(&length.to_be_bytes());
    Ok(bytes)
}

/// Reads a frame.
pub fn read<T: DeserializeOwned>(from: &mut impl Read, max: usize) -> Result<T, FrameError> {
    let mut head = [0; HEAD];
    from.read_exact(&mut head)?;
    let mut body = vec![0; length(head, max)?];
    from.read_exact(&mut body)?;
    decode(&body)
}

/// Reads a frame. When dropped half-way, what was read is lost.
pub(super) async fn receive<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
    max: usize,
) -> Result<T, FrameError> {
    let mut head = [0; HEAD];
    from.read_exact(&mut head).await?;
    let mut body = vec![0; length(head, max)?];
    from.read_exact(&mut body).await?;
    decode(&body)
}

fn length(head: [u8; HEAD], max: usize) -> Result<usize, FrameError> {
    let length = u32::from_be_bytes(head) as usize;
    if length > max { Err(FrameError::TooLong(max)) } else { Ok(length) }
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, FrameError> {
    serde_json::from_slice(body).map_err(|error| FrameError::Senseless(error.to_string()))
}

/// Bytes up to a limit.
struct Bounded {
    bytes: Vec<u8>,
    max: usize,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.max {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_and_are_bounded() {
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
}
