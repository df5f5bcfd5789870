//! Frames: a length in four bytes, big-endian, then so many bytes of JSON. No sockets here: bytes
//! go in, frames come out.

use serde::Serialize;

/// The bytes before the JSON.
pub const HEADER: usize = 4;
/// The largest frame, in bytes of JSON, by default.
pub const FRAME_LIMIT: usize = 1 << 20;

/// Why there is no frame.
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
    /// The header says that nothing follows; but nothing is not JSON.
    #[error("a frame is empty; each holds one JSON object")]
    Empty,
    /// The stream ended in the middle.
    #[error("the stream ended in the middle of a frame: {got} of {wanted} bytes arrived")]
    Truncated {
        /// How many bytes of the header or of the JSON arrived.
        got: usize,
        /// How many there should have been.
        wanted: usize,
    },
    /// A value of ours has no JSON.
    #[error("cannot be written as JSON: {0}")]
    Unwritable(String),
}

/// One value as a frame.
///
/// # Errors
/// When it is larger than `limit`.
pub fn encode(value: &impl Serialize, limit: usize) -> Result<Vec<u8>, FrameError> {
    let mut frame = vec![0; HEADER];
    serde_json::to_writer(&mut frame, value).map_err(|e| FrameError::Unwritable(e.to_string()))?;
    let length = frame.len() - HEADER;
    match u32::try_from(length) {
        Ok(header) if length <= limit => {
            frame[..HEADER].copy_from_slice(&header.to_be_bytes());
            Ok(frame)
        }
        _ => Err(FrameError::TooLarge { length, limit }),
    }
}

/// Takes bytes as they come, gives frames as they are whole.
///
/// Keeps what arrived and no more: a length that was announced costs nothing until the bytes are
/// there. After an error it gives nothing but that error.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    held: Vec<u8>,
    /// Where in `held` the next frame begins.
    at: usize,
    failed: Option<FrameError>,
}

impl Decoder {
    /// For frames of at most `limit` bytes of JSON.
    pub fn new(limit: usize) -> Self {
        Self { limit, held: Vec::new(), at: 0, failed: None }
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
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let Some(header) = self.held[self.at..].first_chunk::<HEADER>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
        let error = match length {
            0 => FrameError::Empty,
            length if length > self.limit => FrameError::TooLarge { length, limit: self.limit },
            length => return Ok(Some(length)),
        };
        self.failed = Some(error.clone());
        self.held = Vec::new();
        self.at = 0;
        Err(error)
    }

    /// The JSON of the next frame, once all of it is there.
    ///
    /// # Errors
    /// When the next frame cannot be taken.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let Some(length) = self.announced()? else { return Ok(None) };
        let from = self.at + HEADER;
        if self.held.len() - from < length {
            return Ok(None);
        }
        self.at = from + length;
        Ok(Some(&self.held[from..from + length]))
    }

    /// To be asked when the stream has ended and [`next_frame`](Self::next_frame) gives no more.
    ///
    /// # Errors
    /// When it ended in the middle of a frame.
    pub fn end(&self) -> Result<(), FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let left = &self.held[self.at..];
        match left.first_chunk::<HEADER>() {
            None if left.is_empty() => Ok(()),
            None => Err(FrameError::Truncated { got: left.len(), wanted: HEADER }),
            Some(header) => Err(FrameError::Truncated {
                got: left.len() - HEADER,
                wanted: usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX),
            }),
        }
    }

    /// The bytes that are kept.
    pub fn held(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn all(decoder: &mut Decoder) -> Result<Vec<Value>, FrameError> {
        let mut out = vec![];
        while let Some(frame) = decoder.next_frame()? {
            out.push(serde_json::from_slice(frame).unwrap());
        }
        Ok(out)
    }

    #[test]
    fn what_was_encoded_is_decoded_however_it_is_cut() {
        let values = [json!({"a": 1}), json!({"text": "안녕".repeat(100)}), json!([])];
        let bytes: Vec<u8> = values.iter().flat_map(|v| encode(v, FRAME_LIMIT).unwrap()).collect();
        for size in [1, 2, 3, 5, 7, 64, bytes.len()] {
            let mut decoder = Decoder::new(FRAME_LIMIT);
            let mut got = vec![];
            for piece in bytes.chunks(size) {
                decoder.push(piece);
                got.extend(all(&mut decoder).unwrap());
            }
            assert_eq!(got, values, "in pieces of {size}");
            assert_eq!(decoder.end(), Ok(()));
        }
    }

    #[test]
    fn a_frame_beyond_the_limit_is_refused_by_its_header_alone() {
        let mut decoder = Decoder::new(10);
        decoder.push(&11_u32.to_be_bytes());
        let error = FrameError::TooLarge { length: 11, limit: 10 };
        assert_eq!(decoder.announced(), Err(error.clone()));
        decoder.push(&[b'x'; 5000]);
        assert_eq!(decoder.next_frame(), Err(error));
        assert_eq!(decoder.held(), 0, "nothing more is kept");
        assert!(matches!(encode(&"0123456789", 10), Err(FrameError::TooLarge { length: 12, limit: 10 })));
        assert!(encode(&"01234567", 10).is_ok(), "the limit itself is allowed");
    }

    #[test]
    fn an_announced_length_costs_nothing_before_its_bytes() {
        let mut decoder = Decoder::new(FRAME_LIMIT);
        decoder.push(&(FRAME_LIMIT as u32).to_be_bytes());
        assert_eq!(decoder.announced(), Ok(Some(FRAME_LIMIT)));
        assert!(decoder.held.capacity() < 1024);
    }

    #[test]
    fn an_end_in_the_middle_is_told_apart_from_a_clean_one() {
        let mut decoder = Decoder::new(100);
        assert_eq!(decoder.end(), Ok(()));
        decoder.push(&[0, 0]);
        assert_eq!(decoder.end(), Err(FrameError::Truncated { got: 2, wanted: HEADER }));
        decoder.push(&[0, 9, b'{']);
        assert_eq!(decoder.next_frame(), Ok(None));
        assert_eq!(decoder.end(), Err(FrameError::Truncated { got: 1, wanted: 9 }));
        let mut decoder = Decoder::new(100);
        decoder.push(&[0; 4]);
        assert_eq!(decoder.next_frame(), Err(FrameError::Empty));
        assert_eq!(decoder.end(), Err(FrameError::Empty));
    }
}
