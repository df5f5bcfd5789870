//! The streams of a connection.

use super::{Shared, stream};
use crate::quic::{handler::Peer, limits::ASSEMBLY};
use quinn::Connection;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What the streams of one connection share.
pub(super) struct Desk {
    pub(super) peer: Peer,
    pub(super) connection: Connection,
    /// Bytes for large frames that are half there.
    pub(super) room: Semaphore,
}

/// Takes up requests until the connection ends. While the server closes, they are refused.
pub(super) async fn serve(shared: &Arc<Shared>, connection: &Connection, peer: Peer) {
    let desk = Arc::new(Desk { peer, connection: connection.clone(), room: Semaphore::new(ASSEMBLY) });
    // Ends with an error however the connection ends.
    while let Ok((send, recv)) = connection.accept_bi().await {
        shared.requests.spawn(stream::answer(shared.clone(), desk.clone(), send, recv));
    }
}
