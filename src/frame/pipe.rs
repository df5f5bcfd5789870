//! Messages off a pipe that nobody else reads: no byte behind a message is taken.

use super::{Bounds, FrameError, HEADER, Header, MESSAGE_VALUES, values};
use std::io::{self, Read};
use tokio::io::{AsyncRead, AsyncReadExt};

/// How much room is made for a piece before its bytes are there.
const FIRST_ROOM: usize = 64 << 10;

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// What came is no message.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The pipe has ended or broken.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads the content of a message.
///
/// # Errors
/// When the pipe ends before it is whole, or it cannot be taken.
pub fn read(from: &mut impl Read, bounds: Bounds) -> Result<Vec<u8>, ReadError> {
    let mut message = vec![];
    loop {
        let mut head = [0; HEADER];
        from.read_exact(&mut head)?;
        let header = Header::read(head, message.len(), bounds)?;
        let before = message.len();
        message.reserve(header.length.min(FIRST_ROOM));
        from.by_ref().take(header.length as u64).read_to_end(&mut message)?;
        if let Some(message) = piece(&mut message, before, header)? {
            return Ok(message);
        }
    }
}

/// The same without blocking. When dropped half-way, what was read is lost.
///
/// # Errors
/// As [`read`].
pub async fn receive(from: &mut (impl AsyncRead + Unpin), bounds: Bounds) -> Result<Vec<u8>, ReadError> {
    let mut message = vec![];
    loop {
        let mut head = [0; HEADER];
        from.read_exact(&mut head).await?;
        let header = Header::read(head, message.len(), bounds)?;
        let before = message.len();
        message.reserve(header.length.min(FIRST_ROOM));
        (&mut *from).take(header.length as u64).read_to_end(&mut message).await?;
        if let Some(message) = piece(&mut message, before, header)? {
            return Ok(message);
        }
    }
}

/// The message, if this piece was its last one.
fn piece(message: &mut Vec<u8>, before: usize, header: Header) -> Result<Option<Vec<u8>>, ReadError> {
    if message.len() - before < header.length {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    if header.more {
        return Ok(None);
    }
    if before > 0 && values(message) > MESSAGE_VALUES {
        return Err(FrameError::TooManyValues { limit: MESSAGE_VALUES }.into());
    }
    Ok(Some(std::mem::take(message)))
}
