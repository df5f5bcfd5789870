//! What a channel tells of a delivery: how far it got, and why it did not.

use crate::domain::{BoxFuture, store::StoreError};
use std::time::Duration;

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// It went wrong: it is tried again, a number of times.
    Failed(String),
    /// The other side could not be reached, or wants to be left alone: that is not the message's
    /// fault, so it is tried again however long it takes.
    Away {
        /// What kept it.
        error: String,
        /// When to try again, where that is known.
        again: Option<Duration>,
        /// Whether it may have arrived after all.
        doubtful: bool,
    },
    /// It never will be.
    Refused(String),
}

impl Undelivered {
    /// What went wrong.
    pub fn error(&self) -> &str {
        match self {
            Self::Failed(error) | Self::Refused(error) | Self::Away { error, .. } => error,
        }
    }
}

/// Keeps how far a delivery got.
pub trait Progress: Send + Sync {
    /// So many parts have arrived: a later attempt goes on behind them.
    fn arrived(&self, parts: u32) -> BoxFuture<'_, Result<(), StoreError>>;
}
