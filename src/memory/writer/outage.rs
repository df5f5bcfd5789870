//! Whether the database can be written.

use crate::domain::store::StoreError;
use std::time::SystemTime;
use tokio::sync::watch;

/// The database cannot be written, and what has happened waits in memory until it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Since when.
    pub since: SystemTime,
    /// Why, when it was tried last.
    pub error: String,
    /// How many pieces of writing wait.
    pub waiting: usize,
}

/// The outage under way, if there is one, and what is stored later than its caller was told. Clones share it.
#[derive(Clone)]
pub(super) struct OutageCell {
    outage: watch::Sender<Option<Outage>>,
    /// How many pieces were.
    late: watch::Sender<u64>,
}

impl Default for OutageCell {
    fn default() -> Self {
        Self { outage: watch::Sender::new(None), late: watch::Sender::new(0) }
    }
}

impl OutageCell {
    pub(super) fn now(&self) -> Option<Outage> {
        self.outage.borrow().clone()
    }

    pub(super) fn goes_on(&self, error: &StoreError, waiting: usize) {
        self.outage.send_modify(|outage| {
            if outage.is_none() {
                tracing::warn!("{error}; what happens is kept in memory and stored as soon as it can be");
            }
            let since = outage.as_ref().map_or_else(SystemTime::now, |outage| outage.since);
            *outage = Some(Outage { since, error: error.to_string(), waiting });
        });
    }

    pub(super) fn ends(&self) {
        self.outage.send_if_modified(|outage| {
            let Some(over) = outage.take() else { return false };
            let seconds = over.since.elapsed().map_or(0.0, |time| time.as_secs_f64());
            tracing::warn!("the database can be written again, after {seconds:.1} s");
            true
        });
    }

    /// A piece is stored of which its caller was told that it is delayed.
    pub(super) fn stored_late(&self) {
        self.late.send_modify(|count| *count += 1);
    }

    /// Waits until that happens, from the moment of the call on.
    pub(super) fn next_late(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut late = self.late.subscribe();
        // Where the writer is gone, nothing is stored any more.
        async move {
            if late.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    pub(super) async fn is_over(&self) {
        // The sender is this cell's own.
        let _ = self.outage.subscribe().wait_for(Option::is_none).await;
    }
}
