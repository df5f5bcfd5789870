//! Where requests of workers arrive, each for the task that it belongs to.

use crate::{
    domain::{BoxFuture, JsonMap, id::DeviceId},
    quic::{
        Handler, Peer, Reply,
        protocol::{Kind, Refusal, Request, WorkerRequest},
    },
};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{mpsc, oneshot};

/// Requests of one worker that wait to be taken up.
const WAITING: usize = 32;
/// Calls of models that one worker may make.
pub const MAX_MODEL_CALLS: usize = 200;
/// Steps that one worker may tell of; further ones are dropped.
pub const MAX_EVENTS: usize = 2_000;

/// A request, and where its answer goes.
pub(super) struct Asked {
    pub(super) action: String,
    pub(super) body: JsonMap,
    pub(super) answer: oneshot::Sender<Result<Value, Refusal>>,
}

/// Knows which task each worker has.
#[derive(Default)]
pub(super) struct Desk(Mutex<HashMap<DeviceId, mpsc::Sender<Asked>>>);

impl Desk {
    /// From now on the requests of this worker arrive at the other end.
    pub(super) fn open(&self, worker: DeviceId) -> mpsc::Receiver<Asked> {
        let (to, from) = mpsc::channel(WAITING);
        self.all().insert(worker, to);
        from
    }

    pub(super) fn close(&self, worker: &DeviceId) {
        self.all().remove(worker);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<DeviceId, mpsc::Sender<Asked>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, worker: &DeviceId, request: WorkerRequest) -> Result<Value, Refusal> {
        let over = || Refusal::new(Kind::Forbidden, "the task of this worker is over");
        let to = self.all().get(worker).cloned().ok_or_else(over)?;
        let (answer, answered) = oneshot::channel();
        let WorkerRequest { action, body } = request;
        to.send(Asked { action, body, answer }).await.map_err(|_| over())?;
        answered.await.map_err(|_| over())?
    }
}

impl Handler for Desk {
    fn generation(&self) -> u64 {
        0
    }

    fn handle(&self, peer: Peer, request: Request, _: Reply) -> BoxFuture<'_, Result<Value, Refusal>> {
        Box::pin(async move {
            match request {
                Request::Worker(request) => self.ask(&peer.device, request).await,
                // Their role allows nothing else.
                _ => Err(Refusal::new(Kind::Forbidden, "workers ask for nothing else here")),
            }
        })
    }
}
