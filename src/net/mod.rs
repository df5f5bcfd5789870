//! The one way to the web for everything that is not a model's server: tools, scripts.
//!
//! - Addresses are judged where the connection is made: a name is resolved once, and what it is
//!   resolved to is checked and connected to. Nothing can change in between.
//! - Each redirect is a new request with the same checks, and what is secret stays with the host
//!   that it was meant for.
//! - Proxies of the environment are not used: one would look names up by itself, and connect to
//!   whatever they mean to it.
//! - Nothing is decompressed, so that what arrives is as long as it looks.

mod client;
mod error;
mod exchange;
mod headers;
mod resolver;
mod target;

pub use client::Client;
pub use error::NetError;
pub use exchange::{MAX_REDIRECTS, Request, Response};
pub use headers::{Header, MAX_HEADERS};
