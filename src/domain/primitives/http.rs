//! The web, for scripts.

use super::PrimitiveError;
use crate::domain::{BoxFuture, network::Network, secret::SecretRef};
use std::time::Duration;

/// A piece of a header's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderPart {
    /// As it stands.
    Text(String),
    /// A secret, fetched when the request is made. Sent to the host that was asked for and to no other.
    Secret(SecretRef),
}

/// What to ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// `http://…` or `https://…`.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, Vec<HeaderPart>)>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// From the beginning to the last byte of the answer.
    pub timeout: Duration,
    /// Bytes of the answer's body, at most.
    pub max_bytes: usize,
    /// How many redirects are followed; 0: none, the redirect is the answer.
    pub redirects: usize,
    /// Addresses that are not public and may be connected to all the same.
    pub allowed: Vec<Network>,
}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpResponse {
    /// The status, such as 200.
    pub status: u16,
    /// Names in lower case, and values; a name that came several times is there once.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
    /// Where it came from, after redirects.
    pub url: String,
}

/// Makes requests in the user's name.
pub trait Web: Send + Sync {
    /// Makes one, and follows where it is sent on. Dropping the future ends it.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, PrimitiveError>>;
}
