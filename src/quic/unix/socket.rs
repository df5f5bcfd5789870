//! A connected SEQPACKET socket, in the shape of a UDP socket with one peer.

use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{RecvMeta, Transmit},
};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};
use std::{
    fmt,
    future::Future,
    io::{self, IoSliceMut},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    os::{fd::OwnedFd, unix::net},
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::{io::Interest, net::UnixDatagram};

/// The address of whoever is at the other end. QUIC wants one; nothing is ever sent to it.
pub(in crate::quic) const PEER: SocketAddr =
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1)), 1);
/// Our own.
const OURS: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2)), 1);

/// The socket. One QUIC endpoint uses it.
#[derive(Debug)]
pub(in crate::quic) struct PacketSocket {
    /// Tokio has no type for this kind. A connected datagram socket is read and written just so;
    /// but one of these has an end.
    socket: UnixDatagram,
}

impl PacketSocket {
    /// Connects to a listener's path.
    pub(in crate::quic) fn connect(path: &Path) -> io::Result<Self> {
        let socket = new()?;
        // A full queue of the listener's is an error here rather than a wait.
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)?;
        Self::new(socket.into())
    }

    /// Takes over a connected socket.
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        let socket = net::UnixDatagram::from(socket);
        socket.set_nonblocking(true)?;
        Ok(Self { socket: UnixDatagram::from_std(socket)? })
    }
}

/// A socket of the right kind.
pub(super) fn new() -> io::Result<Socket> {
    Socket::new(Domain::UNIX, Type::SEQPACKET, None)
}

impl AsyncUdpSocket for PacketSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Poller { socket: self, waiting: None })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.socket.try_io(Interest::WRITABLE, || {
            SockRef::from(&self.socket).send_with_flags(transmit.contents, libc::MSG_NOSIGNAL).map(drop)
        })
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.socket.poll_recv_ready(cx))?;
            let mut count = 0;
            let mut failed = None;
            for (buffer, meta) in bufs.iter_mut().zip(meta.iter_mut()) {
                match self.socket.try_recv(buffer) {
                    Ok(0) => failed = Some(io::ErrorKind::UnexpectedEof.into()),
                    Ok(len) => {
                        *meta = RecvMeta { addr: PEER, len, stride: len, ..RecvMeta::default() };
                        count += 1;
                        continue;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => failed = Some(error),
                }
                break;
            }
            // An end or an error after packets is met again by the next call.
            match failed {
                _ if count > 0 => return Poll::Ready(Ok(count)),
                Some(error) => return Poll::Ready(Err(error)),
                None => {}
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(OURS)
    }
}

type Writable = Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>;

/// Waits for a socket to take more.
struct Poller {
    socket: Arc<PacketSocket>,
    waiting: Option<Writable>,
}

impl UdpPoller for Poller {
    fn poll_writable(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = self.socket.clone();
        let waiting =
            self.waiting.get_or_insert_with(|| Box::pin(async move { socket.socket.writable().await }));
        let result = ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        Poll::Ready(result)
    }
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").field("socket", &self.socket).finish_non_exhaustive()
    }
}
