//! What runs beside the answering of messages, as long as the program stays: jobs, channels.

mod channels;
pub(super) mod cron;
mod health;
mod telegram;

pub(super) use channels::Channels;
pub(super) use health::Health;

use super::assemble::Live;
use crate::domain::BoxFuture;
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
pub(super) struct Services(pub(super) Vec<Box<dyn Service>>);

impl Services {
    pub(super) async fn apply(&self, live: &Arc<Live>) {
        for service in &self.0 {
            service.apply(live).await;
        }
    }

    /// In reverse order.
    pub(super) async fn stop(&self) {
        for service in self.0.iter().rev() {
            service.stop().await;
        }
    }
}
