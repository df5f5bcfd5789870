//! What comes back on the stream of a request.

use super::ClientError;
use crate::{
    frame::{Bounds, Decoder, MESSAGE_LIMIT},
    quic::{
        protocol::{Answer, Kind, Refusal, stop},
        read::{self, ReadFault},
    },
};
use quinn::{Connection, ReadError, RecvStream, VarInt, WriteError};

/// The answers to one request. Dropping it gives the request up.
#[derive(Debug)]
pub struct Answers {
    stream: RecvStream,
    decoder: Decoder,
    ended: bool,
}

impl Answers {
    pub(super) async fn ask(connection: &Connection, frame: &[u8]) -> Result<Self, ClientError> {
        let (mut send, stream) = connection.open_bi().await?;
        match send.write_all(frame).await {
            Ok(()) => {
                let _ = send.finish();
            }
            // The server has seen enough, and its answer says why.
            Err(WriteError::Stopped(_)) => {}
            Err(WriteError::ConnectionLost(error)) => return Err(error.into()),
            Err(error) => return Err(ClientError::Lost(error.to_string())),
        }
        Ok(Self { stream, decoder: Decoder::within(Bounds::pieces(MESSAGE_LIMIT)), ended: false })
    }

    /// The next answer that this version knows; the last is `Done` or `Welcome`.
    ///
    /// # Errors
    /// When the server says no, or the connection breaks off.
    pub async fn next(&mut self) -> Result<Answer, ClientError> {
        loop {
            let frame = match read::next(&mut self.stream, &mut self.decoder).await {
                Ok(frame) => frame,
                Err(ReadFault::Frame(error)) => return Err(error.into()),
                Err(ReadFault::Lost(error)) => return Err(lost(error)),
            };
            let Some(frame) = frame else {
                return Err(ClientError::Lost("the answer has no end".into()));
            };
            match Answer::decode(&frame)? {
                Answer::Other(_) => {}
                Answer::Error(refusal) => {
                    self.ended = true;
                    return Err(refusal.into());
                }
                answer => {
                    self.ended |= answer.ends();
                    return Ok(answer);
                }
            }
        }
    }

    /// Gives the request up.
    pub fn cancel(self) {}
}

impl Drop for Answers {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.stream.stop(VarInt::from_u32(stop::CANCEL));
        }
    }
}

fn lost(error: ReadError) -> ClientError {
    match error {
        ReadError::ConnectionLost(error) => error.into(),
        ReadError::Reset(code) if code == VarInt::from_u32(stop::SLOW) => {
            ClientError::Refused(Refusal::new(Kind::Slow, "the answer was read too slowly, and given up"))
        }
        other => ClientError::Lost(other.to_string()),
    }
}
