//! Telling observers: in order, one after the other, and none is hurt by another's error.

use super::{call::Limits, values::to_lua, vm::Vm};
use crate::domain::plan::Handler;
use serde_json::Value as Json;
use std::{rc::Rc, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// How long one observer may take for one event, unless the configuration says otherwise.
pub const OBSERVER_LIMIT: Duration = Duration::from_secs(5);

/// Something that happened.
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) payload: Json,
    /// Hears when all observers were told.
    pub(super) told: Option<oneshot::Sender<()>>,
}

/// Tells each event to its observers, until `closing` says that no more come.
pub(super) async fn run(
    vm: Rc<Vm>,
    observers: Vec<Handler>,
    mut events: mpsc::Receiver<Event>,
    mut closing: oneshot::Receiver<()>,
) {
    let mut open = true;
    loop {
        let event = tokio::select! {
            biased;
            event = events.recv() => event,
            _ = &mut closing, if open => {
                open = false;
                events.close();
                continue;
            }
        };
        let Some(event) = event else { return };
        for observer in observers.iter().filter(|observer| observer.point == event.name) {
            tell(&vm, observer, &event.payload).await;
        }
        if let Some(told) = event.told {
            let _ = told.send(());
        }
    }
}

async fn tell(vm: &Vm, observer: &Handler, payload: &Json) {
    let told = async {
        let function = vm.function(observer.id)?;
        let payload = to_lua(&vm.lua, payload)?;
        vm.invoke(&function, payload, Limits::both(vm.observer.get())).await
    };
    if let Err(error) = told.await {
        tracing::warn!(target: "script", event = observer.point, at = observer.location, "an observer failed: {error}");
    }
}
