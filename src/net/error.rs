//! What goes wrong on the way to a server and back.

use std::{error::Error, net::IpAddr, time::Duration};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The request makes no sense.
    #[error("{0}")]
    Request(String),
    /// The address is not open.
    #[error(transparent)]
    Barred(#[from] Barred),
    /// The time was over.
    #[error("no complete answer from {host} within {} s", .limit.as_secs_f64())]
    Late {
        /// Who was asked.
        host: String,
        /// The time there was.
        limit: Duration,
    },
    /// The answer is too long.
    #[error("the answer of {host} is longer than {limit} bytes")]
    TooLong {
        /// Who was asked.
        host: String,
        /// How long it may be.
        limit: usize,
    },
    /// Redirects without end.
    #[error("{host} redirects more than {limit} times")]
    TooManyRedirects {
        /// Who was asked last.
        host: String,
        /// How many are followed.
        limit: usize,
    },
    /// The network or the server failed.
    #[error("{host}: {message}")]
    Failed {
        /// Who was asked.
        host: String,
        /// What happened.
        message: String,
    },
}

/// An address that may not be connected to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{host} is at {address}, which is not open: {reason}. Who writes init.lua can open it, with the \
     setting http_allow or with allow_cidrs of pista.http"
)]
pub struct Barred {
    pub(super) host: String,
    pub(super) address: IpAddr,
    pub(super) reason: &'static str,
}

impl NetError {
    /// From an error of the client library's. Its URL is left out: it may hold what nobody shall read.
    pub(super) fn failed(host: &str, error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut text = String::new();
        let mut next: Option<&dyn Error> = Some(&error);
        while let Some(cause) = next {
            if let Some(barred) = cause.downcast_ref::<Barred>() {
                return Self::Barred(barred.clone());
            }
            let words = cause.to_string();
            if !text.contains(&words) {
                text = if text.is_empty() { words } else { format!("{text}: {words}") };
            }
            next = cause.source();
        }
        Self::Failed { host: host.to_owned(), message: text }
    }
}
