//! Messages on their way out: stored first, then whoever delivers is woken.

use crate::{
    domain::{
        post::{Arrival, Content, Post},
        store::StoreError,
    },
    health::Health,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::Notify;

/// Is told of messages that ended without an answer: nothing will be delivered for them.
pub trait Ended: Send + Sync {
    /// The message of this id ended so.
    fn ended(&self, id: &str);
}

/// Takes messages for channels.
pub struct Outgoing {
    post: Arc<dyn Post>,
    health: Health,
    bells: Mutex<HashMap<String, Arc<Notify>>>,
    told: Mutex<HashMap<String, Weak<dyn Ended>>>,
}

impl Outgoing {
    /// Keeps messages in `post`.
    pub fn new(post: Arc<dyn Post>, health: Health) -> Self {
        Self { post, health, bells: Mutex::default(), told: Mutex::default() }
    }

    /// Where messages are kept.
    pub fn post(&self) -> &dyn Post {
        &*self.post
    }

    /// Where failures are noted.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Sends a message. Once this returns `Ok` it is kept until it is delivered.
    pub async fn send(
        &self,
        channel: &str,
        conversation: &str,
        content: impl Into<Content>,
    ) -> Result<(), StoreError> {
        self.post.send(channel, conversation, content.into()).await?;
        self.ring(channel);
        Ok(())
    }

    /// From now on `told` hears of messages of a channel that end without an answer.
    pub fn tell(&self, channel: &str, told: Weak<dyn Ended>) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(channel.to_owned(), told);
    }

    /// A message was closed.
    pub(super) fn closed(&self, arrival: &Arrival, answered: bool) {
        if answered {
            return self.ring(&arrival.channel);
        }
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).get(&arrival.channel).cloned();
        if let Some(told) = told.and_then(|told| told.upgrade()) {
            told.ended(&arrival.id);
        }
    }

    /// Says that there is something to deliver on a channel.
    pub(super) fn ring(&self, channel: &str) {
        self.bell(channel).notify_one();
    }

    /// What rings when there is something to deliver on a channel.
    pub(super) fn bell(&self, channel: &str) -> Arc<Notify> {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(bells.entry(channel.to_owned()).or_default())
    }
}
