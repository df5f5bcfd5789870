//! How long each part of a model call may take.

use std::time::Duration;

/// Deadlines of one call to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// Until the first piece of the answer. `None`: [`Self::FIRST_TOKEN`].
    pub first_token: Option<Duration>,
    /// The same for a server on this machine, which may have to load the model, or to answer somebody
    /// else first. `None`: `first_token` where that is given, else [`Self::FIRST_TOKEN_LOCAL`].
    pub first_token_local: Option<Duration>,
    /// Between two signs of life. A comment of the server's is one.
    pub idle: Duration,
    /// For the whole answer, so that a server that only sends signs of life doesn't hold a turn.
    pub total: Duration,
}

impl Timeouts {
    /// Default of [`Self::connect`].
    pub const CONNECT: Duration = Duration::from_secs(10);
    /// Default of [`Self::first_token`] for servers elsewhere.
    pub const FIRST_TOKEN: Duration = Duration::from_secs(120);
    /// Default of [`Self::first_token`] for servers on this machine.
    pub const FIRST_TOKEN_LOCAL: Duration = Duration::from_secs(300);
    /// Default of [`Self::idle`].
    pub const IDLE: Duration = Duration::from_secs(120);
    /// Default of [`Self::total`].
    pub const TOTAL: Duration = Duration::from_secs(30 * 60);

    /// The limit for the first piece, for a server on this machine or elsewhere.
    pub fn first_token_for(&self, local: bool) -> Duration {
        match local {
            true => self.first_token_local.or(self.first_token).unwrap_or(Self::FIRST_TOKEN_LOCAL),
            false => self.first_token.unwrap_or(Self::FIRST_TOKEN),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Self::CONNECT,
            first_token: None,
            first_token_local: None,
            idle: Self::IDLE,
            total: Self::TOTAL,
        }
    }
}
