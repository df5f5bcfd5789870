//! From a packet to a connection. Nothing is awaited here that a peer could keep waiting.

use super::{Shared, greet, requests, seats::Stranger};
use crate::{
    health::chaos,
    quic::{
        connection_ids,
        protocol::close,
        transport::{UNIX_DATAGRAM, Way},
        unix::Listener,
    },
};
use quinn::{Connection, Endpoint, Incoming, TokioRuntime, VarInt};
use std::sync::Arc;
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;

/// Sockets that were accepted from a Unix listener. Others wait in the kernel's queue.
const UNIX_SOCKETS: usize = 64;

/// Accepts from a UDP endpoint until it is told to stop.
pub(super) async fn udp(shared: Arc<Shared>, endpoint: Endpoint, stop: CancellationToken) {
    loop {
        chaos::point("quic");
        let incoming = tokio::select! {
            () = stop.cancelled() => return,
            incoming = endpoint.accept() => incoming,
        };
        let Some(incoming) = incoming else { return };
        if incoming.remote_address_validated() {
            take(&shared, incoming);
        } else if incoming.may_retry() {
            // Nothing is kept of it until the address has proved to be its own.
            let _ = incoming.retry();
        } else {
            incoming.refuse();
        }
    }
}

/// Accepts from a Unix socket until it is told to stop. Each peer has a socket, and so an endpoint,
/// of its own.
pub(super) async fn unix(shared: Arc<Shared>, listener: Arc<Listener>, stop: CancellationToken) {
    let sockets = Arc::new(Semaphore::new(UNIX_SOCKETS));
    loop {
        let next = async {
            let permit = sockets.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, socket) = tokio::select! {
            () = stop.cancelled() => return,
            next = next => next,
        };
        let endpoint = socket.and_then(|socket| {
            let mut config = connection_ids::config(&shared.resets);
            config.max_udp_payload_size(UNIX_DATAGRAM).map_err(std::io::Error::other)?;
            let server = Some(shared.config(Way::Unix));
            Endpoint::new_with_abstract_socket(config, server, Arc::new(socket), Arc::new(TokioRuntime))
        });
        match endpoint {
            Ok(endpoint) => {
                let shared_too = shared.clone();
                shared.connections.spawn(async move {
                    one_socket(shared_too, endpoint).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a worker's socket could not be taken");
                // Most likely there are no more file descriptors: others may end meanwhile.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves the peer at the other end of one socket, as long as it has a connection.
async fn one_socket(shared: Arc<Shared>, endpoint: Endpoint) {
    loop {
        let incoming = tokio::select! {
            () = shared.closing.cancelled() => break,
            incoming = tokio::time::timeout(shared.limits.hello_deadline, endpoint.accept()) => incoming,
        };
        match incoming {
            Ok(Some(incoming)) => take(&shared, incoming),
            Ok(None) => return,
            Err(_) if endpoint.open_connections() == 0 => return,
            Err(_) => {}
        }
    }
    shared.cancel.cancelled().await;
    endpoint.close(VarInt::from_u32(close::SHUTDOWN), b"the server ends");
    endpoint.wait_idle().await;
}

fn take(shared: &Arc<Shared>, incoming: Incoming) {
    let seat = shared.seats.stranger();
    shared.connections.spawn(connection(shared.clone(), incoming, seat));
}

/// A connection, from its handshake to its end.
async fn connection(shared: Arc<Shared>, incoming: Incoming, seat: Stranger) {
    let deadline = Instant::now() + shared.limits.hello_deadline;
    let Ok(connecting) = incoming.accept() else { return };
    let connection = tokio::select! {
        connected = tokio::time::timeout_at(deadline, connecting) => match connected {
            Ok(Ok(connection)) => connection,
            // Dropping it closes it.
            Ok(Err(_)) | Err(_) => return,
        },
        () = seat.evicted() => return,
        () = shared.cancel.cancelled() => return,
    };
    let Some(guest) = greet::greet(&shared, &connection, seat, deadline).await else { return };
    requests::serve(&shared, &connection, &guest).await;
}

/// Closes with a number for programs and words for people.
pub(super) fn hang_up(connection: &Connection, code: u32, words: &str) {
    connection.close(VarInt::from_u32(code), words.as_bytes());
}
