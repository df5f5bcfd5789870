//! Who is it? The first stream of a connection.

use super::{
    Shared,
    accept::hang_up,
    seats::{Known, Stranger},
};
use crate::{
    domain::{
        device::{Device, NewDevice},
        secret::Secret,
    },
    frame::{self, Bounds},
    quic::{
        handler::Peer,
        limits::{HELLO_LIMIT, LAST_WORDS},
        pairing::Invitation,
        protocol::{Answer, Credential, Hello, Kind, Refusal, VERSION, Welcome, close, stop},
        read::{self, ReadFault, Room},
        token, transport,
    },
};
use quinn::{Connection, RecvStream, SendStream, VarInt};
use std::time::Duration;
use tokio::{sync::Semaphore, time::Instant};

/// How long a try with a pairing code may wait for its turn.
const TRY_PATIENCE: Duration = Duration::from_secs(10);
/// What a device is called where nobody says.
const NAMELESS: &str = "device";

/// Lets the peer in, or says why not and closes.
pub(super) async fn greet(
    shared: &Shared,
    connection: &Connection,
    seat: Stranger,
    deadline: Instant,
) -> Option<Guest> {
    let known = tokio::select! {
        known = introduced(shared, connection, deadline) => known,
        () = seat.evicted() => {
            hang_up(connection, close::BUSY, "too many connections that do not say who they are");
            return None;
        }
        () = shared.cancel.cancelled() => {
            hang_up(connection, close::SHUTDOWN, "the server ends");
            return None;
        }
        _ = connection.closed() => return None,
    };
    let (mut send, verdict) = known?;
    let admitted = verdict.and_then(|admission| {
        let seat = seat.known(&admission.device.id, connection)?;
        Ok((admission, seat))
    });
    let (Admission { device, token, message_limit }, seat) = match admitted {
        Ok(admitted) => admitted,
        Err(refusal) => {
            refuse(shared, connection, send, refusal).await;
            return None;
        }
    };
    transport::welcome(connection, &shared.limits);
    let welcome = Answer::Welcome(Welcome {
        version: VERSION,
        server: concat!("openpista ", env!("CARGO_PKG_VERSION")).into(),
        device: device.id.clone(),
        name: device.name.clone(),
        role: device.role,
        generation: shared.handler.generation(),
        frame_limit: shared.limits.frame,
        message_limit: Some(shared.limits.message).filter(|_| shared.limits.bounds().in_pieces()),
        streams: shared.limits.streams,
        token,
    });
    say(&mut send, &welcome).await;
    if let Err(error) = shared.devices.seen(&device.id).await {
        tracing::warn!(%error, device = %device.id, "cannot note that a device connected");
    }
    tracing::debug!(device = %device.id, role = %device.role, "a device connected");
    let message = message_limit.unwrap_or(0).min(shared.limits.message).max(shared.limits.frame);
    let answers = Bounds { frame: shared.limits.frame, message };
    Some(Guest { peer: Peer::new(device, seat.number), seat, answers })
}

/// Somebody who was let in.
pub(super) struct Guest {
    pub(super) peer: Peer,
    pub(super) seat: Known,
    /// How large an answer it takes.
    pub(super) answers: Bounds,
}

/// A device that was let in, and its token where it is new.
struct Admission {
    device: Device,
    token: Option<Secret>,
    /// The largest message that it takes in pieces, if any.
    message_limit: Option<usize>,
}

/// The verdict on what the peer says of itself, and the stream to say it on. `None`: it said nothing
/// in time, and was told.
async fn introduced(
    shared: &Shared,
    connection: &Connection,
    deadline: Instant,
) -> Option<(SendStream, Result<Admission, Refusal>)> {
    let late = || hang_up(connection, close::TIMEOUT, "no hello in time");
    let Ok(stream) = tokio::time::timeout_at(deadline, connection.accept_bi()).await else {
        late();
        return None;
    };
    let (send, mut recv) = stream.ok()?;
    let Ok(hello) = tokio::time::timeout_at(deadline, hello(&mut recv)).await else {
        late();
        return None;
    };
    let verdict = match hello? {
        Ok(hello) => admit(shared, hello).await,
        Err(refusal) => Err(refusal),
    };
    if verdict.is_err() {
        let _ = recv.stop(VarInt::from_u32(stop::REFUSED));
    }
    Some((send, verdict))
}

/// `None` when the stream is gone.
async fn hello(recv: &mut RecvStream) -> Option<Result<Hello, Refusal>> {
    // Small enough to need no room of its own.
    let whole = Bounds::whole(HELLO_LIMIT);
    match read::first(recv, whole, &Room::none(), &Semaphore::const_new(0)).await {
        Ok(frame) => Some(Hello::decode(&frame)),
        Err(ReadFault::Frame(error)) => Some(Err(Refusal::new(Kind::Frame, error))),
        Err(ReadFault::Lost(_)) => None,
    }
}

async fn admit(shared: &Shared, hello: Hello) -> Result<Admission, Refusal> {
    tracing::debug!(client = hello.client.as_deref().unwrap_or("unnamed"), "a client says hello");
    let message_limit = hello.message_limit;
    match hello.credential {
        Credential::Token(token) => {
            if let Some(device) = shared.devices.by_token(token::hash(&token)).await? {
                return Ok(Admission { device, token: None, message_limit });
            }
            // Told late, so that guessing is slow; who knows a token never waits.
            let due = shared.failures.after_failure(Instant::now().into_std());
            tokio::time::sleep_until(due.into()).await;
            let message = "the token is not known here, or the device was shut out; pair it again";
            Err(Refusal::new(Kind::Auth, message))
        }
        Credential::Code { code, name } => {
            // Short enough to be guessed at: each try waits for its turn before it is looked at.
            let now = Instant::now().into_std();
            let Some(due) = shared.tries.before_try(now, TRY_PATIENCE) else {
                let message = "too many pairing codes are being tried; try again in a minute";
                return Err(Refusal::new(Kind::Busy, message));
            };
            tokio::time::sleep_until(due.into()).await;
            let Some(invitation) = shared.pairing.redeem(&code) else {
                let message = "the pairing code is wrong, was used, or is too old; ask for a new one";
                return Err(Refusal::new(Kind::Auth, message));
            };
            let (device, token) = pair(shared, invitation, name).await?;
            Ok(Admission { device, token: Some(token), message_limit })
        }
    }
}

/// A new device. Its role is the code's; what the client says is its label, where the code has none.
async fn pair(
    shared: &Shared,
    invitation: Invitation,
    name: Option<String>,
) -> Result<(Device, Secret), Refusal> {
    let token = token::token().map_err(|error| Refusal::new(Kind::Internal, error))?;
    let device = shared
        .devices
        .admit(NewDevice {
            name: invitation.name.or(name).unwrap_or_else(|| NAMELESS.to_owned()),
            role: invitation.role,
            token: token::hash(&token),
            expires_ms: None,
        })
        .await?;
    tracing::info!(device = %device.id, role = %device.role, name = %device.name, "a device was paired");
    Ok((device, token))
}

/// Says why, waits for a moment until it was heard, and closes.
async fn refuse(shared: &Shared, connection: &Connection, mut send: SendStream, refusal: Refusal) {
    let code = match refusal.kind {
        Kind::Auth => close::AUTH,
        Kind::Busy => close::BUSY,
        Kind::Internal => close::SHUTDOWN,
        _ => close::PROTOCOL,
    };
    let words = refusal.message.clone();
    shared.health.dropped.count_flood("quic", "a peer was not let in", &words);
    say(&mut send, &Answer::Error(refusal)).await;
    let _ = tokio::time::timeout(LAST_WORDS, send.stopped()).await;
    hang_up(connection, code, &words);
}

/// The last frame of a stream. A peer that does not listen is not waited for.
pub(super) async fn say(send: &mut SendStream, answer: &Answer) {
    if let Ok(bytes) = frame::encode(answer, usize::MAX)
        && let Ok(Ok(())) = tokio::time::timeout(LAST_WORDS, send.write_all(&bytes)).await
    {
        let _ = send.finish();
    }
}
