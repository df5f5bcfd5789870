//! Removing what programs left behind that died.

use super::{
    Docker, DockerError,
    create::{EXPIRES, OWNER, PROCESS},
    now,
    remove::remove,
};
use bollard::query_parameters::ListContainersOptionsBuilder;
use std::{collections::HashMap, path::Path};

impl Docker {
    /// Removes the containers of this installation that nobody waits for: those whose program is
    /// gone, and those long past their time. Returns how many there were.
    ///
    /// # Errors
    /// When no engine answers.
    pub async fn sweep(&self) -> Result<usize, DockerError> {
        let client = self.client().await?;
        let filters = HashMap::from([("label", vec![format!("{OWNER}={}", self.owner)])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let mut swept = 0;
        for container in client.list_containers(Some(options)).await? {
            let labels = container.labels.unwrap_or_default();
            let number = |label: &str| labels.get(label).and_then(|value| value.parse::<u64>().ok());
            let alone = number(PROCESS).is_none_or(|pid| !Path::new(&format!("/proc/{pid}")).exists());
            let late = number(EXPIRES).is_none_or(|expires| expires < now());
            if (alone || late)
                && let Some(id) = &container.id
            {
                remove(client, id).await;
                swept += 1;
            }
        }
        Ok(swept)
    }
}
