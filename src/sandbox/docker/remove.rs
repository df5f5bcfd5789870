//! A container is removed, whatever happens.

use super::{Docker, error::phrase};
use bollard::{Docker as Client, errors::Error, query_parameters::RemoveContainerOptionsBuilder};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// How long the removal of a container is waited for.
const REMOVAL: Duration = Duration::from_secs(3);

/// Removals under way that nobody waits for, and containers that could not be removed.
#[derive(Clone, Debug, Default)]
pub(super) struct Removals {
    pub(super) under_way: TaskTracker,
    failed: Arc<Mutex<Vec<String>>>,
}

impl Removals {
    fn spawn(&self, client: &Client, name: String, runtime: &tokio::runtime::Handle) {
        let (client, removals) = (client.clone(), self.clone());
        self.under_way.spawn_on(async move { removals.remove(&client, name).await }, runtime);
    }

    async fn remove(&self, client: &Client, name: String) {
        if let Err(message) = remove(client, &name).await {
            tracing::warn!(
                "the container {name} could not be removed: the Docker engine {message}; it is tried again"
            );
            self.failed().push(name);
        }
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Docker {
    /// Tries again, beside everything else, to remove what could not be removed before.
    pub(super) fn retry_removals(&self, client: &Client) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        for name in std::mem::take(&mut *self.removals.failed()) {
            self.removals.spawn(client, name, &runtime);
        }
    }
}

/// Removes its container when dropped, unless that was done before.
pub(super) struct Removal {
    client: Client,
    name: Option<String>,
    removals: Removals,
}

impl Removal {
    pub(super) fn of(client: &Client, name: &str, removals: &Removals) -> Self {
        Self { client: client.clone(), name: Some(name.to_owned()), removals: removals.clone() }
    }

    /// Removes it now; what takes long goes on by itself.
    pub(super) async fn now(mut self) {
        if let Some(name) = &self.name
            && let Ok(Ok(())) = timeout(REMOVAL, remove(&self.client, name)).await
        {
            self.name = None;
        }
    }
}

impl Drop for Removal {
    fn drop(&mut self) {
        let Some(name) = self.name.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => self.removals.spawn(&self.client, name, &runtime),
            Err(_) => tracing::warn!("the container {name} is left to the next sweep: the program is ending"),
        }
    }
}

/// Removes a container, by name or id.
///
/// # Errors
/// What went wrong, in words.
pub(super) async fn remove(client: &Client, name: &str) -> Result<(), String> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match client.remove_container(name, Some(options)).await {
        // Somebody else did it.
        Ok(()) | Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) => Ok(()),
        Err(error) => Err(phrase(&error)),
    }
}
