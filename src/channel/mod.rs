//! Channels: the ways in and out for messages. Each kind is an adapter; what they have in common
//! (who may speak, storing, queueing, delivering) is the gateway's.

mod delivery;

pub mod http;
mod supervise;
pub mod telegram;

pub use delivery::{Progress, Undelivered};
pub use supervise::{RESTART_FIRST, RESTART_LONGEST, Rest, State, supervise};

use crate::domain::{
    BoxFuture,
    event::TurnEvent,
    post::{Door, Parcel},
};
use std::sync::Arc;

/// So many messages of a channel are delivered at the same time, each to another conversation.
pub const MAX_AT_ONCE: usize = 8;

/// What is to be done with a message on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is sent.
    Send,
    /// It is stored in the words in which it leaves, for those who ask for it. Nothing is sent.
    Keep,
    /// It is stored so, then it is sent.
    KeepAndSend,
}

/// One channel.
pub trait ChannelAdapter: Send + Sync {
    /// Its name, part of every address on it.
    fn name(&self) -> &str;

    /// What has to be done before the channel is up. `Err`: why it is down; it is tried again.
    fn open(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Returns once messages can be delivered, the first time. Nothing is taken for delivery before.
    fn ready(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Runs as long as the channel is up, and hands what arrives to `door`. Dropping the future
    /// ends it. `Err`: why the channel is down; it is started again.
    fn run(&self, door: Arc<dyn Door>) -> BoxFuture<'_, Result<(), String>>;

    /// How long to leave it alone now that it went down.
    fn rest(&self) -> Rest {
        Rest::Usual
    }

    /// Delivers a message. `Err`: why not; it is tried again.
    fn send(&self, parcel: Parcel) -> BoxFuture<'_, Result<(), String>>;

    /// Delivers a message; where it goes out in several parts, `progress` is told of each. A channel
    /// that has nothing to say about either leaves this alone.
    fn deliver<'a>(
        &'a self,
        parcel: Parcel,
        _progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(async move { self.send(parcel).await.map_err(Undelivered::Failed) })
    }

    /// Something happened in the turn that answers a conversation. Must not block.
    fn observe(&self, _conversation: &str, _event: &TurnEvent) {}

    /// How many messages may be delivered at the same time.
    fn at_once(&self) -> usize {
        MAX_AT_ONCE
    }

    /// What is to be done with a message.
    fn way(&self, _parcel: &Parcel) -> Way {
        Way::Send
    }

    /// The words of a message are stored, as its [`way`](Self::way) asked for.
    fn kept(&self, _parcel: &Parcel) {}
}
