//! Channels watch the turns that answer what came by them.

use super::{Place, Router};
use crate::{
    channel::ChannelAdapter,
    domain::event::{Observer, TurnEvent},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// The channels that are up, by name.
#[derive(Default)]
pub(super) struct Watchers(Mutex<HashMap<String, Weak<dyn ChannelAdapter>>>);

/// Watches one turn for a channel, which may be gone before it.
struct Watching {
    adapter: Option<Weak<dyn ChannelAdapter>>,
    conversation: String,
}

impl Observer for Watching {
    fn observe(&self, event: &TurnEvent) {
        if let Some(adapter) = self.adapter.as_ref().and_then(Weak::upgrade) {
            adapter.observe(&self.conversation, event);
        }
    }
}

impl Router {
    /// From now on `adapter` is told of the turns that answer what came by it.
    pub fn watch(&self, adapter: &Arc<dyn ChannelAdapter>) {
        let mut watchers = self.watchers.0.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|_, adapter| adapter.strong_count() > 0);
        watchers.insert(adapter.name().to_owned(), Arc::downgrade(adapter));
    }

    /// What watches a turn at a place.
    pub(super) fn observer(&self, place: &Place) -> Arc<dyn Observer> {
        let watchers = self.watchers.0.lock().unwrap_or_else(PoisonError::into_inner);
        let adapter = watchers.get(&place.channel).cloned();
        Arc::new(Watching { adapter, conversation: place.conversation.clone() })
    }
}
