//! One frame off a stream.

use super::{
    frame::{Decoder, FrameError, HEADER},
    limits::ASSEMBLY,
};
use quinn::{ReadError, RecvStream};
use tokio::sync::Semaphore;

/// What is taken off a stream at a time, in bytes.
const PIECE: usize = 64 << 10;
/// Frames up to this size in bytes are put together without asking.
const SMALL: usize = 16 << 10;

/// Why there is no frame.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadFault {
    /// What came is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The stream, or the whole connection, is gone.
    #[error(transparent)]
    Lost(#[from] ReadError),
}

/// Reads the first frame of a stream. A large one takes its size out of `room`, which holds
/// [`ASSEMBLY`] bytes when it is empty, and gives it back when it is whole.
pub(super) async fn first(
    stream: &mut RecvStream,
    limit: usize,
    room: &Semaphore,
) -> Result<Vec<u8>, ReadFault> {
    let mut decoder = Decoder::new(limit);
    let mut taken = None;
    loop {
        if let Some(frame) = decoder.next_frame()? {
            return Ok(frame.to_vec());
        }
        if let Some(length) = decoder.announced()?
            && length > SMALL
            && taken.is_none()
        {
            let wanted = u32::try_from(length.min(ASSEMBLY)).unwrap_or(u32::MAX);
            taken = room.acquire_many(wanted).await.ok();
        }
        match stream.read_chunk(PIECE, true).await? {
            Some(chunk) => decoder.push(&chunk.bytes),
            None => {
                decoder.end()?;
                return Err(FrameError::Truncated { got: 0, wanted: HEADER }.into());
            }
        }
    }
}

/// Reads the next frame of a stream into `decoder`; `None` when the stream has ended between frames.
pub(super) async fn next(
    stream: &mut RecvStream,
    decoder: &mut Decoder,
) -> Result<Option<Vec<u8>>, ReadFault> {
    loop {
        if let Some(frame) = decoder.next_frame()? {
            return Ok(Some(frame.to_vec()));
        }
        match stream.read_chunk(PIECE, true).await? {
            Some(chunk) => decoder.push(&chunk.bytes),
            None => return Ok(decoder.end().map(|()| None)?),
        }
    }
}
