//! A container is removed, whatever happens.

use bollard::{Docker as Client, errors::Error, query_parameters::RemoveContainerOptionsBuilder};
use tokio_util::task::TaskTracker;

/// Removes its container when dropped, unless that was done before.
pub(super) struct Removal {
    client: Client,
    id: Option<String>,
    removals: TaskTracker,
}

impl Removal {
    pub(super) fn of(client: &Client, id: &str, removals: &TaskTracker) -> Self {
        Self { client: client.clone(), id: Some(id.to_owned()), removals: removals.clone() }
    }

    /// Removes it now.
    pub(super) async fn now(mut self) {
        if let Some(id) = &self.id {
            remove(&self.client, id).await;
        }
        // Only now: dropped half-way, it begins anew.
        self.id = None;
    }
}

impl Drop for Removal {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let client = self.client.clone();
                self.removals.spawn_on(async move { remove(&client, &id).await }, &runtime);
            }
            Err(_) => tracing::warn!("the container {id} is left to the next sweep: the program is ending"),
        }
    }
}

pub(super) async fn remove(client: &Client, id: &str) {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match client.remove_container(id, Some(options)).await {
        // Somebody else did it.
        Ok(()) | Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) => {}
        Err(error) => tracing::warn!("the container {id} could not be removed: {error}"),
    }
}
