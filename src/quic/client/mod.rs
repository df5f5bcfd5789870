//! The other side of the door: how programs of ours talk to a server.

mod answers;
mod connect;
mod error;

pub use answers::Answers;
pub use error::ClientError;

use super::{
    fingerprint::Fingerprint,
    protocol::{Answer, Credential, Hello, Request, Welcome, close},
};
use crate::{
    domain::secret::Secret,
    frame::{Bounds, FRAME_LIMIT, MESSAGE_LIMIT},
};
use quinn::{Connection, Endpoint, VarInt};
use serde_json::Value;
use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    path::PathBuf,
    time::Duration,
};
use tokio::sync::Mutex;

/// How long a connection may take to come about.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// How long a client waits for its goodbye to be sent.
const GOODBYE: Duration = Duration::from_secs(1);

/// Where a server is, and what it is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where it is.
    pub address: Address,
    /// What it is known by. Nothing is said to any other.
    pub fingerprint: Fingerprint,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// On UDP.
    Udp(SocketAddr),
    /// On a Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A connection to a server, made again when it broke. Needs a tokio runtime.
pub struct Client {
    target: Target,
    token: Secret,
    link: Mutex<Link>,
}

/// A connection that the server has welcomed.
struct Link {
    endpoint: Endpoint,
    connection: Connection,
    welcome: Welcome,
}

impl Client {
    /// Connects as the device that the token belongs to.
    ///
    /// # Errors
    /// When the server is not there, is another than the one that is meant, or says no.
    pub async fn connect(target: Target, token: Secret) -> Result<Self, ClientError> {
        let link = Link::new(&target, Credential::Token(token.clone())).await?;
        Ok(Self { target, token, link: Mutex::new(link) })
    }

    /// Trades a pairing code for a token of one's own, which is to be kept, and connects.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn pair(
        target: Target,
        code: Secret,
        name: Option<String>,
    ) -> Result<(Self, Secret), ClientError> {
        let mut link = Link::new(&target, Credential::Code { code, name }).await?;
        let token = link.welcome.token.take();
        let token = token.ok_or_else(|| ClientError::Lost("the server gave no token".into()))?;
        Ok((Self { target, token: token.clone(), link: Mutex::new(link) }, token))
    }

    /// What the server said when it let the client in, last.
    pub async fn welcome(&self) -> Welcome {
        self.link.lock().await.welcome.clone()
    }

    /// Asks for something. A connection that broke meanwhile is made again first; a request that
    /// was sent is never sent again.
    ///
    /// # Errors
    /// When there is no connection and none can be made, or the request is too large.
    pub async fn request(&self, request: &Request) -> Result<Answers, ClientError> {
        let mut link = self.link.lock().await;
        if link.connection.close_reason().is_some() {
            *link = Link::new(&self.target, Credential::Token(self.token.clone())).await?;
        }
        let frame = request.encode_within(taken(&link.welcome))?;
        let connection = link.connection.clone();
        drop(link);
        Answers::ask(&connection, &frame).await
    }

    /// Asks for something and waits for what comes of it, without regard for what is said meanwhile.
    ///
    /// # Errors
    /// As [`request`](Self::request), and when the server says no.
    pub async fn ask(&self, request: &Request) -> Result<Value, ClientError> {
        let mut answers = self.request(request).await?;
        loop {
            if let Answer::Done { result } = answers.next().await? {
                return Ok(result);
            }
        }
    }

    /// Goes on from another local port: for when the network has changed. What is under way stays.
    ///
    /// # Errors
    /// When no socket can be had, or the server is on a Unix socket.
    pub async fn rebind(&self) -> Result<(), ClientError> {
        let Address::Udp(to) = self.target.address else {
            return Err(ClientError::Local(std::io::ErrorKind::Unsupported.into()));
        };
        let socket = any_port(to).map_err(ClientError::Local)?;
        self.link.lock().await.endpoint.rebind(socket).map_err(ClientError::Local)
    }

    /// Waits until the connection is no more, and says why.
    pub async fn closed(&self) -> ClientError {
        let connection = self.link.lock().await.connection.clone();
        connection.closed().await.into()
    }

    /// Ends the connection without a goodbye: the server is known to be gone.
    pub async fn abandon(&self) {
        self.link.lock().await.connection.close(VarInt::from_u32(close::DONE), b"");
    }

    /// Says goodbye. Asking for something afterwards connects again.
    pub async fn close(&self) {
        let link = self.link.lock().await;
        link.connection.close(VarInt::from_u32(close::DONE), b"");
        let _ = tokio::time::timeout(GOODBYE, link.endpoint.wait_idle()).await;
    }
}

/// A socket that can send to `to`.
fn any_port(to: SocketAddr) -> std::io::Result<UdpSocket> {
    let local: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    UdpSocket::bind(local)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("target", &self.target).finish_non_exhaustive()
    }
}

fn hello(credential: Credential) -> Hello {
    Hello {
        credential,
        client: Some(concat!("openpista ", env!("CARGO_PKG_VERSION")).into()),
        message_limit: Some(MESSAGE_LIMIT),
    }
}

/// How large a request may be that a server takes.
fn taken(welcome: &Welcome) -> Bounds {
    let frame = welcome.frame_limit.min(FRAME_LIMIT);
    Bounds { frame, message: welcome.message_limit.unwrap_or(frame).min(MESSAGE_LIMIT).max(frame) }
}
