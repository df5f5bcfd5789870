//! QUIC's own settings.

use super::limits::{ASSEMBLY, IDLE, KEEP_ALIVE, Limits, STREAMS};
use quinn::{IdleTimeout, TransportConfig, VarInt, congestion::CubicConfig};
use std::{sync::Arc, time::Duration};

/// Bytes that a peer may send ahead on one stream.
const STREAM_WINDOW: u32 = 256 << 10;
/// Bytes that a peer which has not said who it is may send ahead.
const STRANGER_WINDOW: u32 = 16 << 10;
/// Bytes that a known peer may send ahead, on all streams together.
pub(super) const WINDOW: u32 = 1 << 20;
/// Bytes that wait for a peer's acknowledgement.
const SEND_WINDOW: u64 = 1 << 20;
/// Bytes of the TLS handshake that may arrive out of order.
const CRYPTO_BUFFER: usize = 16 << 10;

/// The way that packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// UDP.
    Udp,
    /// A Unix socket.
    Unix,
}

/// Datagrams on a Unix socket. QUIC's own arithmetic ends at 16,383 less some headers; and each
/// endpoint holds 32 of them.
pub(super) const UNIX_DATAGRAM: u16 = 8 << 10;
/// The first window of a Unix socket. QUIC's default is 14,720 bytes and little larger than one
/// datagram; and there is no network that could be congested.
const UNIX_CONGESTION: u64 = 1 << 20;

/// A server's. Strangers get one stream and a small window; [`welcome`] gives them more.
pub(super) fn server(limits: &Limits, way: Way) -> TransportConfig {
    let mut config = base(limits.idle, way);
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(1))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .receive_window(VarInt::from_u32(STRANGER_WINDOW));
    config
}

/// The peer is known from here on.
pub(super) fn welcome(connection: &quinn::Connection, limits: &Limits) {
    connection.set_max_concurrent_bi_streams(VarInt::from_u32(limits.streams));
    connection.set_receive_window(VarInt::from_u32(WINDOW));
}

/// A client's: it takes no streams, and keeps the connection alive.
pub(super) fn client(way: Way) -> TransportConfig {
    let mut config = base(IDLE, way);
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .receive_window(VarInt::from_u32(STREAMS.saturating_mul(STREAM_WINDOW)))
        .keep_alive_interval(Some(KEEP_ALIVE));
    config
}

fn base(idle: Duration, way: Way) -> TransportConfig {
    const { assert!(ASSEMBLY > WINDOW as usize) };
    let mut config = TransportConfig::default();
    config
        .max_idle_timeout(IdleTimeout::try_from(idle).ok())
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .send_window(SEND_WINDOW)
        .crypto_buffer_size(CRYPTO_BUFFER)
        .datagram_receive_buffer_size(None);
    if way == Way::Unix {
        let mut congestion = CubicConfig::default();
        congestion.initial_window(UNIX_CONGESTION);
        config
            .initial_mtu(UNIX_DATAGRAM)
            .min_mtu(UNIX_DATAGRAM)
            .mtu_discovery_config(None)
            .congestion_controller_factory(Arc::new(congestion));
    }
    config
}
