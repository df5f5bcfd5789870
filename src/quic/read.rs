//! One frame off a stream.

use super::limits::ASSEMBLY;
use crate::frame::{Bounds, Decoder, FrameError, HEADER};
use quinn::{ReadError, RecvStream};
use std::sync::Arc;
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

/// Where large messages are put together.
pub(super) struct Room {
    /// Bytes for frames of one connection: [`ASSEMBLY`] of them when it is empty.
    pub(super) frames: Semaphore,
    /// The place for one message in pieces, shared by all connections of a device.
    pub(super) pieces: Arc<Semaphore>,
}

impl Room {
    pub(super) fn new(pieces: Arc<Semaphore>) -> Self {
        Self { frames: Semaphore::new(ASSEMBLY), pieces }
    }

    /// For a stream that says nothing large.
    pub(super) fn none() -> Self {
        Self { frames: Semaphore::new(0), pieces: Arc::new(Semaphore::new(0)) }
    }
}

/// Reads the first message of a stream. A large frame takes its size out of `room`; a message in pieces
/// takes the device's only place for one, and one of those that all devices share. Both are given back
/// when it is whole.
pub(super) async fn first(
    stream: &mut RecvStream,
    bounds: Bounds,
    room: &Room,
    shared: &Semaphore,
) -> Result<Vec<u8>, ReadFault> {
    let mut decoder = Decoder::within(bounds);
    let (mut bytes, mut places) = (None, None);
    loop {
        if let Some(frame) = decoder.next_frame()? {
            return Ok(frame.to_vec());
        }
        if decoder.pieced()? && places.is_none() {
            // Always in this order. What else has arrived waits in QUIC's own window.
            let own = room.pieces.acquire().await.ok();
            places = Some((own, shared.acquire().await.ok()));
        }
        if let Some(length) = decoder.announced()?
            && length > SMALL
            && bytes.is_none()
            && places.is_none()
        {
            let wanted = u32::try_from(length.min(ASSEMBLY)).unwrap_or(u32::MAX);
            bytes = room.frames.acquire_many(wanted).await.ok();
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
