//! The streams of a connection.

use super::{Shared, greet::Guest, stream};
use crate::{
    frame::Bounds,
    quic::{handler::Peer, read::Room},
};
use quinn::Connection;
use std::sync::Arc;

/// What the streams of one connection share.
pub(super) struct Desk {
    pub(super) peer: Peer,
    pub(super) connection: Connection,
    /// Where large requests are put together.
    pub(super) room: Room,
    /// How large an answer may be.
    pub(super) answers: Bounds,
}

/// Takes up requests until the connection ends. While the server closes, they are refused.
pub(super) async fn serve(shared: &Arc<Shared>, connection: &Connection, guest: &Guest) {
    let Guest { peer, seat, answers } = guest;
    let room = Room::new(seat.pieces());
    let desk = Desk { peer: peer.clone(), connection: connection.clone(), room, answers: *answers };
    let desk = Arc::new(desk);
    // Ends with an error however the connection ends.
    while let Ok((send, recv)) = connection.accept_bi().await {
        shared.requests.spawn(stream::answer(shared.clone(), desk.clone(), send, recv));
    }
}
