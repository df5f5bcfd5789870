//! What happens in a worker, told to the engine in its order.

use super::{
    super::protocol::{Events, action},
    link::Link,
};
use crate::domain::event::{Observer, TurnEvent};
use serde_json::Value;
use tokio::sync::mpsc;

/// Steps that wait to be told. Further ones are left out: the work does not wait for them.
const WAITING: usize = 1_024;
/// Steps that are told at once.
const AT_ONCE: usize = 16;

/// Takes what happens.
#[derive(Clone)]
pub(super) struct Telling(mpsc::Sender<TurnEvent>);

/// What has happened and was not told yet.
pub(super) struct Told(mpsc::Receiver<TurnEvent>);

impl Telling {
    pub(super) fn new() -> (Self, Told) {
        let (to, from) = mpsc::channel(WAITING);
        (Self(to), Told(from))
    }
}

impl Observer for Telling {
    fn observe(&self, event: &TurnEvent) {
        if matches!(event, TurnEvent::ToolStart { .. } | TurnEvent::ToolEnd { .. } | TurnEvent::Notice { .. })
        {
            let _ = self.0.try_send(event.clone());
        }
    }
}

impl Told {
    /// Tells the engine, until nothing can happen any more.
    pub(super) async fn forward(mut self, link: &Link) {
        loop {
            let mut events = vec![];
            if self.0.recv_many(&mut events, AT_ONCE).await == 0 {
                return;
            }
            // What can't be told is no reason to stop working.
            let _ = link.put::<Value>(action::EVENTS, &Events { events }).await;
        }
    }
}
