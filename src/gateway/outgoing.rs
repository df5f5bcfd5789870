//! Messages on their way out: stored first, then whoever delivers is woken.

use crate::domain::{
    post::{Content, Post},
    store::StoreError,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Notify;

/// Takes messages for channels.
pub struct Outgoing {
    post: Arc<dyn Post>,
    bells: Mutex<HashMap<String, Arc<Notify>>>,
}

impl Outgoing {
    /// Keeps messages in `post`.
    pub fn new(post: Arc<dyn Post>) -> Self {
        Self { post, bells: Mutex::default() }
    }

    /// Where messages are kept.
    pub fn post(&self) -> &dyn Post {
        &*self.post
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
