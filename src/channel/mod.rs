//! Channels: the ways in and out for messages. Each kind is an adapter; what they have in common
//! (who may speak, storing, queueing, delivering) is the gateway's.

mod supervise;

pub use supervise::{RESTART_FIRST, RESTART_LONGEST, State, supervise};

use crate::domain::{
    BoxFuture,
    post::{Door, Parcel},
};
use std::sync::Arc;

/// One channel.
pub trait ChannelAdapter: Send + Sync {
    /// Its name, part of every address on it.
    fn name(&self) -> &str;

    /// Runs as long as the channel is up, and hands what arrives to `door`. Dropping the future
    /// ends it. `Err`: why the channel is down; it is started again.
    fn run(&self, door: Arc<dyn Door>) -> BoxFuture<'_, Result<(), String>>;

    /// Delivers a message. `Err`: why not; it is tried again.
    fn send(&self, parcel: Parcel) -> BoxFuture<'_, Result<(), String>>;
}
