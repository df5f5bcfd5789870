//! One request: read, checked, answered.

use super::{Shared, accept::hang_up, local, outgoing::Outgoing, reply::Reply, requests::Desk};
use crate::quic::{
    limits::LAST_WORDS,
    protocol::{Answer, Kind, Refusal, Request, close, stop},
    read::{self, ReadFault},
};
use futures_util::FutureExt;
use quinn::{RecvStream, SendStream, VarInt};
use serde_json::Value;
use std::{panic::AssertUnwindSafe, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Serves one stream to its end.
pub(super) async fn answer(shared: Arc<Shared>, desk: Arc<Desk>, mut send: SendStream, mut recv: RecvStream) {
    let request = match read(&shared, &desk, &mut recv).await {
        Ok(request) => request,
        Err(Some(refusal)) => {
            let _ = recv.stop(VarInt::from_u32(stop::REFUSED));
            refuse(&shared, &desk, &mut send, refusal).await;
            return;
        }
        Err(None) => return,
    };
    if let Some(result) = local::answer(&shared, &request).await {
        last(&shared, &desk, &mut send, result).await;
        return;
    }
    work(&shared, &desk, request, send).await;
}

/// The request, when it may be answered. `None` when there is nobody left to say no to.
async fn read(shared: &Shared, desk: &Desk, recv: &mut RecvStream) -> Result<Request, Option<Refusal>> {
    let refusal = |kind, message: String| Some(Refusal::new(kind, message));
    let first = read::first(recv, shared.limits.bounds(), &desk.room, &shared.pieces);
    let frame = match tokio::time::timeout(shared.limits.request_deadline, first).await {
        Ok(Ok(frame)) => frame,
        Ok(Err(ReadFault::Frame(error))) => return Err(refusal(Kind::Frame, error.to_string())),
        Ok(Err(ReadFault::Lost(_))) => return Err(None),
        Err(_) => {
            let within = shared.limits.request_deadline;
            let message = format!("the request was not complete within {within:?} from the stream's opening");
            return Err(refusal(Kind::Timeout, message));
        }
    };
    let request = Request::decode(&frame).map_err(Some)?;
    if shared.closing.is_cancelled() {
        return Err(refusal(Kind::Shutdown, "the server ends; try again when it is back".into()));
    }
    let peer = &desk.peer;
    // Anew for each request: what was taken away is gone at once.
    match shared.devices.standing(&peer.device).await {
        Ok(true) => {}
        Ok(false) => return Err(refusal(Kind::Revoked, "the device was shut out; pair it again".into())),
        Err(error) => return Err(refusal(Kind::Internal, error.to_string())),
    }
    if !request.allowed_to(peer.role) {
        let message = format!("a device with the role {} may not ask {:?}", peer.role, request.name());
        return Err(refusal(Kind::Forbidden, message));
    }
    Ok(request)
}

async fn refuse(shared: &Shared, desk: &Desk, send: &mut SendStream, refusal: Refusal) {
    let revoked = refusal.kind == Kind::Revoked;
    last(shared, desk, send, Err(refusal)).await;
    if revoked {
        let _ = tokio::time::timeout(LAST_WORDS, send.stopped()).await;
        hang_up(&desk.connection, close::REVOKED, "the device was shut out");
    }
}

/// The only frame of an answer.
async fn last(shared: &Shared, desk: &Desk, send: &mut SendStream, result: Result<Value, Refusal>) {
    let outgoing = Outgoing::new(desk.answers, shared.limits.backlog);
    outgoing.complete(&ended(result));
    if let Some(bytes) = outgoing.next().await
        && let Ok(Ok(())) = tokio::time::timeout(LAST_WORDS, send.write_all(&bytes)).await
    {
        let _ = send.finish();
        arrived(send).await;
    }
}

/// Waits until the client has all of an answer: until then the connection must not be closed.
async fn arrived(send: &mut SendStream) {
    let _ = tokio::time::timeout(LAST_WORDS, send.stopped()).await;
}

fn ended(result: Result<Value, Refusal>) -> Answer {
    result.map_or_else(Answer::Error, |result| Answer::Done { result })
}

/// Has the handler answer, sends what it says, and tells it when to give up.
async fn work(shared: &Shared, desk: &Desk, request: Request, mut send: SendStream) {
    let outlives = request.outlives_client();
    let outgoing = Arc::new(Outgoing::new(desk.answers, shared.limits.backlog));
    // The end of the server is the end of all.
    let cancel = shared.cancel.child_token();
    let overflow = CancellationToken::new();
    let reply = Reply { outgoing: outgoing.clone(), cancel: cancel.clone(), overflow: overflow.clone() };
    let stopped = send.stopped();
    let speaking = speak(&outgoing, &mut send, &overflow);
    let working = async {
        let work = async { shared.handler.handle(desk.peer.clone(), request, reply).await };
        let work = AssertUnwindSafe(work).catch_unwind();
        let result = tokio::select! {
            result = work => result.unwrap_or_else(|_| {
                Err(Refusal::new(Kind::Internal, "the engine broke off; its log says more"))
            }),
            () = after_grace(shared, &cancel) => {
                Err(Refusal::new(Kind::Cancelled, "the request was given up, and did not end in time"))
            }
        };
        outgoing.complete(&ended(result));
    };
    let listening = async {
        tokio::select! {
            why = stopped => {
                outgoing.abandon();
                // A client that says so wants an end to it; one that was lost may have other wishes.
                if matches!(why, Ok(Some(_))) || !outlives {
                    cancel.cancel();
                }
            }
            () = overflow.cancelled() => {
                outgoing.abandon();
                if !outlives {
                    cancel.cancel();
                }
            }
        }
        std::future::pending::<()>().await;
    };
    let both = async { tokio::join!(working, speaking) };
    tokio::select! {
        _ = both => {}
        () = listening => {}
    }
    arrived(&mut send).await;
}

/// Sends what is said until there is no more.
async fn speak(outgoing: &Outgoing, send: &mut SendStream, overflow: &CancellationToken) {
    let writing = async {
        while let Some(frame) = outgoing.next().await {
            if send.write_all(&frame).await.is_err() {
                outgoing.abandon();
                break;
            }
        }
    };
    tokio::select! {
        () = writing => {}
        () = overflow.cancelled() => {}
    }
    let _ = match overflow.is_cancelled() {
        true => send.reset(VarInt::from_u32(stop::SLOW)),
        false => send.finish(),
    };
}

/// Some time after work was told to end.
async fn after_grace(shared: &Shared, cancel: &CancellationToken) {
    cancel.cancelled().await;
    tokio::time::sleep(shared.limits.stop_grace).await;
}
