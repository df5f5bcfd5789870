//! What goes wrong on the way to a daemon.

use crate::quic::{
    ClientError,
    protocol::{Kind, Refusal},
};

/// Why a daemon cannot be talked to.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It is not where it should be, and why.
    #[error("{0}")]
    Nowhere(String),
    /// It was there, and went away before it had answered.
    #[error("{who} went away before it had answered: {why}")]
    Gone {
        /// What it is called.
        who: String,
        /// What was seen of it.
        why: String,
    },
    /// It answers, and does not want to; or another answers in its place.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It says something else than this version understands.
    #[error(
        "the daemon's answer makes no sense to this version of openpista ({0}); use the same version on both sides"
    )]
    Strange(String),
}

impl LinkError {
    /// What the daemon said no to.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Client(ClientError::Refused(refusal)) => Some(refusal),
            _ => None,
        }
    }

    /// Whether trying again later may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Nowhere(_) | Self::Gone { .. } => true,
            Self::Strange(_) => false,
            Self::Client(error) => match error {
                ClientError::Unreachable { .. } | ClientError::Lost(_) | ClientError::Local(_) => true,
                ClientError::Refused(refusal) => {
                    matches!(refusal.kind, Kind::Busy | Kind::Shutdown | Kind::Timeout)
                }
                _ => false,
            },
        }
    }
}
