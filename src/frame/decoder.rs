//! Bytes in, messages out.

use super::{Bounds, FrameError, HEADER, Header, MESSAGE_VALUES, values};

/// Takes bytes as they come, gives messages as they are whole.
///
/// Keeps what arrived and no more: a length that was announced costs nothing until the bytes are
/// there. After an error it gives nothing but that error.
#[derive(Debug)]
pub struct Decoder {
    bounds: Bounds,
    held: Vec<u8>,
    /// Where in `held` the next frame begins.
    at: usize,
    /// The pieces of a message that goes on; empty between messages.
    begun: Vec<u8>,
    /// The last message that came in pieces.
    joined: Vec<u8>,
    failed: Option<FrameError>,
}

impl Decoder {
    /// For messages of one frame each, of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self::within(Bounds::whole(limit))
    }

    /// For messages within these bounds.
    pub fn within(bounds: Bounds) -> Self {
        Self { bounds, held: vec![], at: 0, begun: vec![], joined: vec![], failed: None }
    }

    /// Adds bytes. After an error they are dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        if self.at > 0 {
            self.held.drain(..self.at);
            self.at = 0;
        }
        self.held.extend_from_slice(bytes);
    }

    /// The length that the next frame's header announces, once the header is there.
    ///
    /// # Errors
    /// When the announced frame cannot be taken.
    pub fn announced(&mut self) -> Result<Option<usize>, FrameError> {
        Ok(self.header()?.map(|header| header.length))
    }

    /// Whether the message that comes next is known to come in pieces.
    ///
    /// # Errors
    /// When the announced frame cannot be taken.
    pub fn pieced(&mut self) -> Result<bool, FrameError> {
        Ok(self.header()?.is_some_and(|header| header.more) || !self.begun.is_empty())
    }

    /// The content of the next message, once all of it is there.
    ///
    /// # Errors
    /// When the next message cannot be taken.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        self.joined = Vec::new();
        loop {
            let Some(Header { length, more }) = self.header()? else { return Ok(None) };
            let from = self.at + HEADER;
            if self.held.len() - from < length {
                return Ok(None);
            }
            self.at = from + length;
            if !more && self.begun.is_empty() {
                return Ok(Some(&self.held[from..from + length]));
            }
            self.begun.extend_from_slice(&self.held[from..from + length]);
            if !more {
                break;
            }
        }
        self.joined = std::mem::take(&mut self.begun);
        if values(&self.joined) > MESSAGE_VALUES {
            return Err(self.fail(FrameError::TooManyValues { limit: MESSAGE_VALUES }));
        }
        Ok(Some(&self.joined))
    }

    /// To be asked when the stream has ended and [`next_frame`](Self::next_frame) gives no more.
    ///
    /// # Errors
    /// When it ended in the middle of a message.
    pub fn end(&self) -> Result<(), FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let left = &self.held[self.at..];
        let Some(header) = left.first_chunk::<HEADER>() else {
            return match left.len() {
                0 if self.begun.is_empty() => Ok(()),
                0 => Err(FrameError::Unfinished { got: self.begun.len() }),
                got => Err(FrameError::Truncated { got, wanted: HEADER }),
            };
        };
        let Header { length, .. } = Header::read(*header, self.begun.len(), self.bounds)?;
        Err(FrameError::Truncated { got: left.len() - HEADER, wanted: length })
    }

    /// The bytes that are kept.
    pub fn held(&self) -> usize {
        self.held.len() + self.begun.len() + self.joined.len()
    }

    fn header(&mut self) -> Result<Option<Header>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let Some(header) = self.held[self.at..].first_chunk::<HEADER>() else { return Ok(None) };
        let header = Header::read(*header, self.begun.len(), self.bounds);
        header.map(Some).map_err(|error| self.fail(error))
    }

    fn fail(&mut self, error: FrameError) -> FrameError {
        *self = Self { failed: Some(error.clone()), ..Self::within(self.bounds) };
        error
    }
}
