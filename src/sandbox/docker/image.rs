//! Having an image there.

use super::{Docker, DockerError, Progress, error::words};
use bollard::{errors::Error, query_parameters::CreateImageOptionsBuilder};
use futures_util::StreamExt;
use std::time::{Duration, Instant};

/// How often progress is told.
const EVERY: Duration = Duration::from_secs(2);

impl Docker {
    /// Pulls the image if it is not there.
    pub(super) async fn have(&self, image: &str, progress: Progress<'_>) -> Result<(), DockerError> {
        let client = self.client().await?;
        match client.inspect_image(image).await {
            Ok(_) => return Ok(()),
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => {}
            Err(error) => return Err(error.into()),
        }
        progress(&format!("pulling the image {image}"));
        let failed = |message: String| DockerError::Image { image: image.to_owned(), message };
        // Without a tag the engine would pull all of them.
        let (name, tag) = match image.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') && !image.contains('@') => (name, tag),
            _ if image.contains('@') => (image, ""),
            _ => (image, "latest"),
        };
        let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
        let mut pulled = std::pin::pin!(client.create_image(Some(options), None, None));
        let mut told = Instant::now();
        while let Some(step) = pulled.next().await {
            let step = step.map_err(|error| failed(words(&error)))?;
            if let Some(error) = step.error_detail.and_then(|detail| detail.message) {
                return Err(failed(error));
            }
            if told.elapsed() >= EVERY
                && let Some(status) = step.status
            {
                let layer = step.id.map_or_else(String::new, |id| format!(" {id}"));
                progress(&format!("pulling the image {image}: {status}{layer}"));
                told = Instant::now();
            }
        }
        Ok(())
    }
}
