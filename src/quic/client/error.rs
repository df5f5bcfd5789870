//! What goes wrong for a client.

use crate::frame::FrameError;
use crate::quic::{
    fingerprint::Fingerprint,
    protocol::{Kind, Refusal, close},
    tls::TlsError,
};
use quinn::ConnectionError;
use std::io;

/// Why a client gets no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers.
    #[error("no server answers at {address}; is it running?")]
    Unreachable {
        /// Where it was looked for.
        address: String,
    },
    /// Somebody else answers.
    #[error(
        "the server at {address} is not the one that this device was paired with: its certificate is \
         {found}, and {expected} was expected. Nothing was sent to it. If the server was set up anew, pair again; \
         if not, somebody is in between"
    )]
    Stranger {
        /// Where it is.
        address: String,
        /// The certificate that it should have.
        expected: Fingerprint,
        /// The one that it has.
        found: Fingerprint,
    },
    /// A server answers that speaks something else.
    #[error("the server at {address} does not speak openpista/1; update it or this program: {message}")]
    OtherProtocol {
        /// Where it is.
        address: String,
        /// TLS's own words.
        message: String,
    },
    /// The server says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The connection broke off.
    #[error("the connection to the server broke off: {0}")]
    Lost(String),
    /// The request is too large, or the answer no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// This machine has no socket for it.
    #[error("cannot open a socket: {0}")]
    Local(io::Error),
}

impl From<ConnectionError> for ClientError {
    fn from(error: ConnectionError) -> Self {
        let ConnectionError::ApplicationClosed(closed) = &error else { return Self::Lost(error.to_string()) };
        let code = u32::try_from(closed.error_code.into_inner()).unwrap_or(u32::MAX);
        let kind = match code {
            close::AUTH => Kind::Auth,
            close::REVOKED => Kind::Revoked,
            close::BUSY => Kind::Busy,
            close::SHUTDOWN => Kind::Shutdown,
            close::TIMEOUT => Kind::Timeout,
            close::PROTOCOL => Kind::Frame,
            _ => return Self::Lost(error.to_string()),
        };
        Self::Refused(Refusal::new(kind, String::from_utf8_lossy(&closed.reason)))
    }
}
