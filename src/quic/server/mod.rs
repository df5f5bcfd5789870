//! The door: lets devices in, hands their requests to the handler, and brings back what it says.

mod accept;
mod greet;
mod local;
mod outgoing;
mod reply;
mod requests;
mod seats;
mod stream;

pub use reply::{Gone, Reply};

use super::{
    connection_ids::{self, Resets},
    fingerprint::Fingerprint,
    handler::Handler,
    identity::Identity,
    limits::{LAST_WORDS, Limits, PIECED},
    pace::Pace,
    pairing::Pairing,
    protocol::close,
    tls::{self, TlsError},
    transport::{self, Way},
    unix::Listener,
};
use crate::{
    domain::{device::Devices, id::DeviceId},
    health::Health,
};
use quinn::{Endpoint, ServerConfig, TokioRuntime, VarInt, crypto::rustls::QuicServerConfig};
use seats::Seats;
use std::{
    io,
    net::{SocketAddr, UdpSocket},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Bytes of first packets that wait to be looked at, all together.
const INCOMING_BYTES: u64 = 1 << 20;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The system says no.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address, or the path.
        address: String,
        /// The system's own words.
        source: io::Error,
    },
}

/// How much is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Connections of known devices.
    pub connections: usize,
    /// Connections that have not said who they are yet.
    pub waiting: usize,
    /// Requests under way.
    pub requests: usize,
}

/// A server. Serves from the first [`listen`](Self::listen) to [`shutdown`](Self::shutdown), or until
/// it is dropped. Needs a tokio runtime.
pub struct Server {
    shared: Arc<Shared>,
    listening: Mutex<Vec<Listening>>,
}

/// A UDP socket that is listened on.
struct Listening {
    endpoint: Endpoint,
    bound: SocketAddr,
    /// From now on nobody new.
    stop: CancellationToken,
}

/// What all connections share.
struct Shared {
    limits: Limits,
    devices: Arc<dyn Devices>,
    handler: Arc<dyn Handler>,
    tls: Arc<QuicServerConfig>,
    fingerprint: Fingerprint,
    resets: Arc<Resets>,
    seats: Seats,
    pairing: Pairing,
    failures: Pace,
    tries: Pace,
    /// From now on nothing new.
    closing: CancellationToken,
    /// From now on nothing at all.
    cancel: CancellationToken,
    requests: TaskTracker,
    connections: TaskTracker,
    health: Health,
    /// Places for messages in pieces.
    pieces: Semaphore,
}

impl Server {
    /// A server that is known by `identity`, lets in whom `devices` knows and asks `handler`.
    ///
    /// # Errors
    /// When the certificate and its key do not fit each other.
    pub fn new(
        identity: &Identity,
        devices: Arc<dyn Devices>,
        handler: Arc<dyn Handler>,
        limits: Limits,
    ) -> Result<Self, TlsError> {
        let shared = Shared {
            tls: Arc::new(tls::server(identity)?),
            fingerprint: identity.fingerprint(),
            resets: Arc::new(Resets::new(identity)),
            seats: Seats::new(&limits),
            pairing: Pairing::new(limits.pairing_life),
            failures: Pace::new(limits.failure_pace),
            tries: Pace::new(limits.failure_pace),
            closing: CancellationToken::new(),
            cancel: CancellationToken::new(),
            requests: TaskTracker::new(),
            connections: TaskTracker::new(),
            health: Health::default(),
            pieces: Semaphore::new(PIECED),
            limits,
            devices,
            handler,
        };
        Ok(Self { shared: Arc::new(shared), listening: Mutex::default() })
    }

    /// Has failures of its accept loops and peers that are not let in noted in `health`. To be called before it
    /// listens.
    #[must_use]
    pub fn noted_in(mut self, health: Health) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.health = health;
        }
        self
    }

    /// Runs an accept loop that starts again after a panic.
    fn accept<R>(&self, name: &'static str, work: impl FnMut() -> R + Send + 'static)
    where
        R: Future<Output = ()> + Send + 'static,
    {
        let tasks = self.shared.health.tasks.clone();
        self.shared.connections.spawn(async move { tasks.supervise(name, work).await });
    }

    /// Listens on a UDP address; returns it with the port that was found for port 0.
    ///
    /// # Errors
    /// When the address is taken, or not this machine's.
    pub fn listen(&self, address: SocketAddr) -> Result<SocketAddr, ListenError> {
        let failed = |source| ListenError::Bind { address: address.to_string(), source };
        let socket = UdpSocket::bind(address).map_err(failed)?;
        let config = self.shared.config(Way::Udp);
        let endpoint = Endpoint::new(
            connection_ids::config(&self.shared.resets),
            Some(config),
            socket,
            Arc::new(TokioRuntime),
        )
        .map_err(failed)?;
        let bound = endpoint.local_addr().map_err(failed)?;
        let stop = self.shared.closing.child_token();
        self.listening().push(Listening { endpoint: endpoint.clone(), bound, stop: stop.clone() });
        let shared = self.shared.clone();
        self.accept("quic", move || accept::udp(shared.clone(), endpoint.clone(), stop.clone()));
        Ok(bound)
    }

    /// Listens no longer on an address that [`listen`](Self::listen) returned. Connections that came
    /// by it go on, and the socket closes with the last of them.
    pub fn leave(&self, address: SocketAddr) {
        let mut listening = self.listening();
        let Some(index) = listening.iter().position(|listening| listening.bound == address) else { return };
        let Listening { endpoint, stop, .. } = listening.remove(index);
        drop(listening);
        endpoint.set_server_config(None);
        stop.cancel();
        let shared = self.shared.clone();
        self.shared.connections.spawn(async move {
            tokio::select! {
                () = endpoint.wait_idle() => {}
                () = shared.cancel.cancelled() => {
                    endpoint.close(VarInt::from_u32(close::SHUTDOWN), b"the server ends");
                    endpoint.wait_idle().await;
                }
            }
        });
    }

    fn listening(&self) -> MutexGuard<'_, Vec<Listening>> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens on a Unix socket, which anybody can connect to who reaches it: the directory has to
    /// keep out whom it shall not serve. It is listened on until the server closes, or the token that
    /// is returned is cancelled.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn listen_unix(&self, path: &Path) -> Result<CancellationToken, ListenError> {
        let failed = |source| ListenError::Bind { address: path.display().to_string(), source };
        let listener = Arc::new(Listener::bind(path).map_err(failed)?);
        let stop = self.shared.closing.child_token();
        let (shared, stopped) = (self.shared.clone(), stop.clone());
        self.accept("quic-unix", move || accept::unix(shared.clone(), listener.clone(), stopped.clone()));
        Ok(stop)
    }

    /// What clients know the server by.
    pub fn fingerprint(&self) -> Fingerprint {
        self.shared.fingerprint
    }

    /// Closes all connections of a device, whose requests are thereby given up. Shutting it out is
    /// the business of [`Devices::shut_out`].
    pub fn disconnect(&self, device: &DeviceId) {
        self.shared.seats.disconnect(device);
    }

    /// How much is going on.
    pub fn traffic(&self) -> Traffic {
        let (waiting, connections) = self.shared.seats.taken();
        Traffic { connections, waiting, requests: self.shared.requests.len() }
    }

    /// Takes nothing new, lets what runs end for as long as `patience`, stops the rest, and closes.
    pub async fn shutdown(&self, patience: Duration) {
        let shared = &self.shared;
        let listening = std::mem::take(&mut *self.listening());
        let endpoints: Vec<Endpoint> = listening.into_iter().map(|listening| listening.endpoint).collect();
        shared.closing.cancel();
        for endpoint in &endpoints {
            endpoint.set_server_config(None);
        }
        shared.requests.close();
        shared.connections.close();
        if tokio::time::timeout(patience, shared.requests.wait()).await.is_err() {
            shared.cancel.cancel();
            let _ = tokio::time::timeout(shared.limits.stop_grace + LAST_WORDS, shared.requests.wait()).await;
        }
        shared.cancel.cancel();
        for endpoint in &endpoints {
            endpoint.close(VarInt::from_u32(close::SHUTDOWN), b"the server ends");
        }
        let idle = async {
            shared.connections.wait().await;
            for endpoint in &endpoints {
                endpoint.wait_idle().await;
            }
        };
        // A peer that is gone does not say so.
        let _ = tokio::time::timeout(LAST_WORDS, idle).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.closing.cancel();
        self.shared.cancel.cancel();
        for Listening { endpoint, .. } in self.listening().iter() {
            endpoint.close(VarInt::from_u32(close::SHUTDOWN), b"the server ends");
        }
    }
}

impl Shared {
    fn config(&self, way: Way) -> ServerConfig {
        let mut config = ServerConfig::with_crypto(self.tls.clone());
        config
            .transport_config(Arc::new(transport::server(&self.limits, way)))
            // A Unix socket's addresses are made up, and do not change.
            .migration(way == Way::Udp)
            .max_incoming(self.limits.waiting)
            .incoming_buffer_size_total(INCOMING_BYTES);
        config
    }
}
