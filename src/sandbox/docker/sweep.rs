//! Removing what programs left behind that died.

use super::{
    Docker, DockerError,
    create::{EXPIRES, INSTALLATION, INSTANCE, OWNER},
    now,
    remove::remove,
};
use bollard::query_parameters::ListContainersOptionsBuilder;
use std::{collections::HashMap, time::Duration};
use tokio::time::timeout;

/// How long a sweep may take.
const SWEEP: Duration = Duration::from_secs(5);

impl Docker {
    /// Removes the containers of this installation that nobody waits for: those whose program is
    /// gone, and those long past their time. Returns how many there were.
    ///
    /// A program is gone when nobody holds its lock. Where it cannot be known (the container says nothing of
    /// it, or was made by a copy of this state directory, whose locks are elsewhere), its time decides.
    ///
    /// # Errors
    /// When no engine answers.
    pub async fn sweep(&self) -> Result<usize, DockerError> {
        let late = || DockerError::Engine("the sweep took too long".into());
        timeout(SWEEP, self.sweep_all()).await.unwrap_or_else(|_| Err(late()))
    }

    /// Begins a sweep beside everything else. The end of the program waits for it as for other removals.
    pub fn sweep_aside(&self) {
        let docker = self.clone();
        self.removals.under_way.spawn(async move {
            match docker.sweep().await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "containers that were left behind are removed"),
                // Whoever uses it is told.
                Err(error) => tracing::debug!("no containers were swept up: {error}"),
            }
        });
    }

    async fn sweep_all(&self) -> Result<usize, DockerError> {
        let client = self.client().await?;
        let mine = match self.life() {
            Some(life) => format!("{INSTALLATION}={}", life.installation),
            None => format!("{OWNER}={}", self.owner),
        };
        let filters = HashMap::from([("label", vec![mine])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let mut swept = 0;
        for container in client.list_containers(Some(options)).await? {
            let labels = container.labels.unwrap_or_default();
            if (self.alone(&labels) || late(&labels))
                && let Some(id) = &container.id
            {
                match remove(client, id).await {
                    Ok(()) => swept += 1,
                    Err(message) => {
                        tracing::warn!(
                            "a container that was left behind could not be removed: the engine {message}"
                        );
                    }
                }
            }
        }
        Ok(swept)
    }

    /// Whether the program that made it is gone.
    fn alone(&self, labels: &HashMap<String, String>) -> bool {
        let here = labels.get(OWNER).is_some_and(|owner| **owner == *self.owner);
        match (self.life(), labels.get(INSTANCE)) {
            (Some(life), Some(instance)) if here => !life.instance.alive(instance),
            _ => false,
        }
    }
}

/// Whether its time has been over for a while.
fn late(labels: &HashMap<String, String>) -> bool {
    let expires = labels.get(EXPIRES).and_then(|value| value.parse::<u64>().ok());
    expires.is_none_or(|expires| expires < now())
}
