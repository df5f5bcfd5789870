//! From an address to a connection that is welcome.

use super::{Address, Answers, CONNECT_DEADLINE, ClientError, Link, Target, any_port, hello};
use crate::frame;
use crate::quic::{
    limits::{FAILURE_LONGEST, HELLO_LIMIT},
    pin::Pin,
    protocol::{Answer, Credential},
    tls,
    transport::{self, UNIX_DATAGRAM, Way},
    unix::{PEER, PacketSocket},
};
use quinn::{
    ClientConfig, Connection, ConnectionError, Endpoint, EndpointConfig, TokioRuntime, TransportErrorCode,
};
use std::{io, net::SocketAddr, sync::Arc};

/// TLS's alert for a protocol that is not spoken.
const NO_APPLICATION_PROTOCOL: u8 = 120;

impl Link {
    pub(super) async fn new(target: &Target, credential: Credential) -> Result<Self, ClientError> {
        let (tls, pin) = tls::client(target.fingerprint)?;
        let mut config = ClientConfig::new(Arc::new(tls));
        let (endpoint, to, way) = socket(&target.address).map_err(|error| local(&target.address, error))?;
        config.transport_config(Arc::new(transport::client(way)));
        let connecting = endpoint
            .connect_with(config, to, crate::quic::identity::NAME)
            .map_err(|error| ClientError::Lost(error.to_string()))?;
        let connection = match tokio::time::timeout(CONNECT_DEADLINE, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(sorted(target, &pin, error)),
            Err(_) => return Err(ClientError::Unreachable { address: target.address.to_string() }),
        };
        let welcome = match introduce(&connection, credential).await? {
            Answer::Welcome(welcome) => welcome,
            other => return Err(ClientError::Lost(format!("the server answered a hello with {other:?}"))),
        };
        Ok(Self { endpoint, connection, welcome })
    }
}

/// Says who one is. A wrong token is answered late.
async fn introduce(connection: &Connection, credential: Credential) -> Result<Answer, ClientError> {
    let hello = frame::encode(&hello(credential).to_json(), HELLO_LIMIT)?;
    let answered = async { Answers::ask(connection, &hello).await?.next().await };
    tokio::time::timeout(FAILURE_LONGEST + CONNECT_DEADLINE, answered)
        .await
        .unwrap_or_else(|_| Err(ClientError::Lost("the server does not answer a hello".into())))
}

fn socket(address: &Address) -> io::Result<(Endpoint, SocketAddr, Way)> {
    let (mut config, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
    Ok(match address {
        Address::Udp(to) => {
            let endpoint = Endpoint::new(config, None, any_port(*to)?, runtime)?;
            (endpoint, *to, Way::Udp)
        }
        Address::Unix(path) => {
            let socket = Arc::new(PacketSocket::connect(path)?);
            config.max_udp_payload_size(UNIX_DATAGRAM).map_err(io::Error::other)?;
            (Endpoint::new_with_abstract_socket(config, None, socket, runtime)?, PEER, Way::Unix)
        }
    })
}

/// Nobody listens on a Unix socket, which its system tells at once.
fn local(address: &Address, error: io::Error) -> ClientError {
    let nobody = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
    match address {
        Address::Unix(_) if nobody => ClientError::Unreachable { address: address.to_string() },
        _ => ClientError::Local(error),
    }
}

fn sorted(target: &Target, pin: &Pin, error: ConnectionError) -> ClientError {
    let address = target.address.to_string();
    if let Some(found) = pin.refused() {
        return ClientError::Stranger { address, expected: target.fingerprint, found };
    }
    let unspoken = TransportErrorCode::crypto(NO_APPLICATION_PROTOCOL);
    let message = error.to_string();
    match error {
        ConnectionError::TimedOut => ClientError::Unreachable { address },
        ConnectionError::VersionMismatch => ClientError::OtherProtocol { address, message },
        ConnectionError::TransportError(e) if e.code == unspoken => {
            ClientError::OtherProtocol { address, message }
        }
        ConnectionError::ConnectionClosed(e) if e.error_code == unspoken => {
            ClientError::OtherProtocol { address, message }
        }
        other => other.into(),
    }
}
