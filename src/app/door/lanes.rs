//! One turn at a time in each conversation: others wait in line, and not too many of them.

use crate::{
    domain::id::SessionId,
    gateway::MAILBOX,
    quic::protocol::{Kind, Refusal},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

/// The conversations in which something is under way. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Lanes(Arc<Mutex<HashMap<SessionId, Lane>>>);

#[derive(Default)]
struct Lane {
    /// Turns that run or wait.
    count: usize,
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Stops the turn under way.
    running: Option<CancellationToken>,
}

/// A place in line.
pub(super) struct Place {
    lanes: Lanes,
    session: SessionId,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// The right to run a turn.
pub(super) struct Turn<'a> {
    place: &'a Place,
    _turn: OwnedMutexGuard<()>,
}

impl Lanes {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Lane>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gets in line.
    pub(super) fn enter(&self, session: &SessionId) -> Result<Place, Refusal> {
        let mut lanes = self.lock();
        let lane = lanes.entry(session.clone()).or_default();
        if lane.count > MAILBOX {
            let message = format!("{MAILBOX} messages wait in this conversation already; try later");
            return Err(Refusal::new(Kind::Busy, message));
        }
        lane.count += 1;
        Ok(Place { lanes: self.clone(), session: session.clone(), turn: Arc::clone(&lane.turn) })
    }

    /// Stops the turn under way in a conversation, if there is one.
    pub(super) fn cancel(&self, session: &SessionId) -> bool {
        let lanes = self.lock();
        let running = lanes.get(session).and_then(|lane| lane.running.as_ref());
        running.inspect(|cancel| cancel.cancel()).is_some()
    }

    /// The conversations in which something is under way, and how much of it.
    pub(super) fn counts(&self) -> Vec<(SessionId, usize)> {
        self.lock().iter().map(|(session, lane)| (session.clone(), lane.count)).collect()
    }
}

impl Place {
    /// Waits for one's turn, which `cancel` stops.
    pub(super) async fn turn(&self, cancel: CancellationToken) -> Turn<'_> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        if let Some(lane) = self.lanes.lock().get_mut(&self.session) {
            lane.running = Some(cancel);
        }
        Turn { place: self, _turn: turn }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(lane) = self.place.lanes.lock().get_mut(&self.place.session) {
            lane.running = None;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lanes = self.lanes.lock();
        if let Some(lane) = lanes.get_mut(&self.session) {
            lane.count -= 1;
            if lane.count == 0 {
                lanes.remove(&self.session);
            }
        }
    }
}
