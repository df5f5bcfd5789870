//! What runs beside the answering of messages, as long as the program stays: jobs, channels.

mod channels;
pub(super) mod cron;
mod health;
mod holding;
mod pruning;
mod receiving;
mod telegram;
mod webhooks;

pub(super) use channels::Channels;
pub(super) use health::Health;
pub(super) use holding::{Holding, lock_file};
pub(super) use pruning::Pruning;
pub(super) use webhooks::Webhooks;

use super::assemble::Live;
use crate::{domain::BoxFuture, health::Tasks};
use futures_util::future::{join, join_all};
use std::sync::Arc;

/// Something that runs as the configuration in force says.
pub(super) trait Service: Send + Sync {
    /// Takes up a generation: starts what is new in it, ends what is gone, leaves alone what is the
    /// same. Called at the start and after each reload, one call after the other.
    fn apply<'a>(&'a self, live: &'a Arc<Live>) -> BoxFuture<'a, ()>;

    /// Ends everything.
    fn stop(&self) -> BoxFuture<'_, ()>;
}

/// The services of a program that stays.
#[derive(Default)]
pub(super) struct Services {
    /// What works.
    pub(super) inner: Vec<Box<dyn Service>>,
    /// What lets others in.
    pub(super) doors: Vec<Box<dyn Service>>,
}

impl Services {
    /// A panic in one service does not keep the others from taking the generation up.
    pub(super) async fn apply(&self, live: &Arc<Live>, tasks: &Tasks) {
        for service in self.inner.iter().chain(&self.doors) {
            // It is noted, and there is nothing to take back.
            let _ = tasks.guard("services", service.apply(live)).await;
        }
    }

    /// In reverse order. Doors need time to close, in which the others end.
    pub(super) async fn stop(&self) {
        let inner = async {
            for service in self.inner.iter().rev() {
                service.stop().await;
            }
        };
        join(join_all(self.doors.iter().map(|door| door.stop())), inner).await;
    }
}
